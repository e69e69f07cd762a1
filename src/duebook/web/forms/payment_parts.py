"""A form with an amount for each invoice that gets a part of something: of a payment, or of credit."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from duebook.domain.money import Money, total
from duebook.web.formats import figure
from duebook.web.forms.fields import MoneyField
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.payment_words import read_seen
from duebook.web.payment_scene import Due, Scene

_PREFIX = "part_"
_LONGEST_NAME = len(_PREFIX) + 18


class PartsForm(KeyedForm):
    """The parts are offered in the order in which the invoices are due; the page says what it leaves out."""

    scene: Scene

    @property
    def payment_currency(self) -> str:
        """The currency of all amounts."""
        raise NotImplementedError

    @property
    def parts_offered(self) -> list[Due]:
        """The invoices that may get a part."""
        return self.scene.sharing(self.payment_currency)

    @property
    def leaves_out(self) -> bool:
        """Whether there are more invoices than the page takes."""
        return len(self.parts_offered) < len(self.scene.of_currency(self.payment_currency))

    @property
    def seen_balances(self) -> dict[int, int]:
        """The balances in minor units that the person had on the screen, by invoice."""
        return read_seen(self.data.get("seen", ""))

    def offer_parts(self) -> None:
        """Give each invoice its field."""
        for due in self.parts_offered:
            field = MoneyField(label=_("Amount for %(invoice)s") % {"invoice": due.label}, required=False)
            field.in_currency(self.payment_currency, self.scene.business)
            self.fields[due.part_name] = field

    def check_parts(self, data: dict[str, Any]) -> None:
        """Refuse parts that cannot be; a balance that changed since it was seen is left to the service."""
        for due in self.parts_offered:
            part = data.get(due.part_name)
            if part is None:
                continue
            seen = self.seen_balances.get(due.id, due.balance.minor)
            if part.minor < 0:
                self.add_error(due.part_name, _("Enter an amount above zero."))
            elif part > due.balance and seen == due.balance.minor:
                most = figure(due.balance, self.scene.business)
                text = _("At most the balance due of %(balance)s.") % {"balance": most}
                self.add_error(due.part_name, text)

    def parts(self) -> dict[int, Money]:
        """What each invoice gets, as far as it can be read; of a fresh form what is filled in."""
        offered = {due.id: due.part_name for due in self.parts_offered}
        if not self.is_bound:
            return {pk: part for pk, name in offered.items() if (part := self.initial.get(name))}
        sent = (name for name in self.data if name.startswith(_PREFIX) and len(name) <= _LONGEST_NAME)
        others = {int(name.removeprefix(_PREFIX)) for name in sent if name.removeprefix(_PREFIX).isdecimal()}
        parts = {}
        for pk in [*offered, *sorted(others - offered.keys())]:
            # An invoice that was paid meanwhile has no field any more; the service says so better.
            part = self.cleaned_data.get(offered[pk]) if pk in offered else self._read(f"{_PREFIX}{pk}")
            if part:
                parts[pk] = part
        return parts

    def _read(self, name: str) -> Money | None:
        field = MoneyField(required=False)
        field.in_currency(self.payment_currency, self.scene.business)
        try:
            return field.clean(self.data.get(name))
        except forms.ValidationError:
            return None

    @property
    def parts_total(self) -> Money:
        """What the parts come to."""
        return total(self.parts().values(), self.payment_currency)
