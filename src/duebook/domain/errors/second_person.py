"""Refusals around what one person asks for and another decides."""

from duebook.domain.errors.base import Conflict, Invalid, NotAllowed


class OwnRequest(NotAllowed):
    code = "own_request"
    message = "You asked for this yourself. Ask another person to approve it."


class OwnRequestTooSoon(NotAllowed):
    code = "own_request_too_soon"
    message = "Nobody else can approve it, so you may do it yourself, but not before {moment}."


class NotYourRequest(NotAllowed):
    code = "not_your_request"
    message = "Another person asked for this. Approve it or reject it."


class RequestDecided(Conflict):
    code = "request_decided"
    message = "This is decided already: it is {state}. Look at it again."


class RefundAskedFor(Conflict):
    code = "refund_asked_for"
    message = "A refund of {number} waits for another person's approval. Decide that one first."


class RefundNotRefused(Conflict):
    code = "refund_not_refused"
    message = "{number} needs nothing any more: somebody has dealt with it, or it was not refused."


class StillAsked(NotAllowed):
    code = "still_asked"
    message = (
        "The card processor is still being asked about {number}. A person decides once it has been asked for"
        " a week, or when its merchant account is not in use any more."
    )


class OutcomeKnown(Conflict):
    code = "outcome_known"
    message = "{number} has its outcome meanwhile: {state}. What was proposed falls away."


class OutcomeProposed(Conflict):
    code = "outcome_proposed"
    message = "An outcome of {number} waits for another person's approval. Decide that one first."


class HappenedOutOfRange(Invalid):
    code = "happened_out_of_range"
    field = "happened_on"
    message = "Enter the day on which it happened: from {earliest} to {latest}."


class ProcessorReferenceRequired(Invalid):
    code = "processor_reference_required"
    field = "reference"
    message = "Enter what the card processor calls it on its own pages."
