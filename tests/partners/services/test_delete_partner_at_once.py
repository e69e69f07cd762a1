"""A partner is not deleted while somebody writes down what names it."""

import pytest
from django.db.models.deletion import Collector

from duebook.domain import errors
from duebook.domain.commission_rules import PartnerRole
from duebook.partners.models import Referral
from duebook.partners.services.delete_partner import delete_partner
from duebook.partners.services.refer_contact import refer_contact
from tests.factories import SYSTEM, day, key, make_contact, make_partner
from tests.threads import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_partner_who_refers_somebody_at_that_moment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    partner, contact = make_partner(), make_contact("Acme")

    def refer() -> None:
        refer_contact(
            contact_id=contact.pk,
            partner_id=partner.pk,
            role=PartnerRole.LEAD,
            since=day(),
            request_key=key(),
            actor=SYSTEM,
        )

    def delete(collected: Collector) -> object:
        in_threads(1, lambda _: refer())
        monkeypatch.undo()
        return collected.delete()

    # Django has looked for rows that name the partner by then.
    monkeypatch.setattr(Collector, "delete", delete)
    with pytest.raises(errors.PartnerHasEntries):
        delete_partner(partner_id=partner.pk, actor=SYSTEM)

    assert Referral.objects.get().partner == partner
