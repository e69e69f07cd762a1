"""Refusals around partners and their commissions."""

from duebook.domain.errors.base import Conflict, Invalid, NotAllowed


class CodeMalformed(Invalid):
    code = "code_malformed"
    field = "code"
    message = "A code starts with a letter, has at least 4 characters and no spaces."


class CodeTaken(Conflict):
    code = "code_taken"
    field = "code"
    message = "The code {taken} belongs to {name}. Choose another one."


class ParentLoop(Invalid):
    code = "parent_loop"
    field = "parent"
    message = "{name} is this partner itself or stands below it. Choose another parent."


class NameTaken(Conflict):
    code = "name_taken"
    field = "name"
    message = "There is a {what} named {name} already. Choose another name."


class PartnerHasEntries(NotAllowed):
    code = "partner_has_entries"
    message = "{name} has earned commissions and cannot be deleted. Set the status to inactive instead."


class PercentOutOfRange(Invalid):
    code = "percent_out_of_range"
    field = "percent"
    message = "A percentage lies between 0 and 100."


class RatesAboveWhole(Invalid):
    code = "rates_above_whole"
    field = "rules"
    message = "All roles and levels together come to {percent} % for {what}. Keep them at 100 % or less."


class ProgramNeedsRules(Invalid):
    code = "program_needs_rules"
    field = "rules"
    message = "Add at least one rule: a role, a level and a rate."


class RuleTwice(Invalid):
    code = "rule_twice"
    field = "rules"
    message = "There are two rules for {what}. Keep one."


class LevelAboveProgram(Invalid):
    code = "level_above_program"
    field = "rules"
    message = "The program has {levels} levels. Raise them, or remove the rule for level {level}."


class FixedAmountNeedsCurrency(Invalid):
    code = "fixed_amount_needs_currency"
    field = "currency"
    message = "Fixed amounts are in {expected}, the business's currency."


class RateMissing(Invalid):
    code = "rate_missing"
    field = "rules"
    message = "Give a percentage, a fixed amount, or both."


class CommissionPaidOut(NotAllowed):
    code = "commission_paid_out"
    message = "Commission of this order is in payout {batch}. Its partners and rules stay as they are."


class FutureCutOff(Invalid):
    code = "future_cut_off"
    field = "cut_off_on"
    message = "{date} is in the future. The cut-off is today or an earlier day."


class NothingPayable(NotAllowed):
    code = "nothing_payable"
    field = "cut_off_on"
    message = "Nothing is payable up to {date}. Choose a later cut-off, or wait until the holds are over."


class BatchState(NotAllowed):
    code = "batch_state"
    message = "Payout {number} is {state}. Reload the page."
