"""Finding a row by its id, with the refusal that every page and service gives where there is none."""

from typing import TypeVar

from django.db.models import Manager, Model, QuerySet

from duebook.domain.errors import NotFound

Row = TypeVar("Row", bound=Model)


def row_by_id(rows: QuerySet[Row] | Manager[Row], pk: int, what: str, *, field: str | None = None) -> Row:
    """The row of that id; ``what`` is its kind as the refusal says it. Raises NotFound."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(field=field, what=what, id=pk)
    return found
