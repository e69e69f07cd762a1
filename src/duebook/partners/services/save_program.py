"""Add a commission program, or change one: old orders keep the terms they have."""

from django.db import transaction

from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.partners.details import ProgramDetails
from duebook.partners.models import Program
from duebook.partners.writing import program_fields, program_payload, write_rules_and_members


@transaction.atomic
def save_program(
    *, program_id: int | None, details: ProgramDetails, request_key: str, actor: Actor
) -> Program:
    """Write the program with its rules and members. Records ``program.added`` or ``program.changed``.

    Raises Forbidden, NotFound, NameTaken, KeyReused and what ``check_rules`` raises.
    """
    take_turn("partners.save_program")
    hashed = input_hash([program_id, details])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return Program.objects.get(pk=earlier.payload["program_id"])
    actor.require(Right.SET_COMMISSIONS)
    program = Program() if program_id is None else Program.objects.filter(pk=program_id).first()
    if program is None:
        raise NotFound(what="Program", id=program_id)
    before = program_payload(program) if program.pk else None
    for name, value in program_fields(details, program_id).items():
        setattr(program, name, value)
    program.save()
    write_rules_and_members(program, details)
    record_event(
        name="program.changed" if before else "program.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={**program_payload(program), "before": before},
    )
    return program
