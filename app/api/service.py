"""The ASGI application: GET alone, for readers with a token, on this machine alone.

FastAPI reads the annotations of the functions below as they run, so they stay what they are and no text.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from msgspec.json import schema_components
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.api import rows
from app.api.catalogue import LISTS, ListOf
from app.api.gathering import Gathering
from app.api.history_rows import whole_run
from app.api.listing import MOST, USUAL, tag
from app.api.live import Feed
from app.api.readers import Readers
from app.api.rows import AuditPage, AuditRow, Health, PageOf
from store.ledger import Ledger
from store.recorded import to_text

HOST = "127.0.0.1"
_LARGEST = 2**63 - 1

DESCRIPTION = """\
What drdeck's store holds, to be read. Nothing can be written, and no device is asked.

Lists come in pages, in the order of the ids: follow `next` with `after=`. What is there throughout is met exactly once,
whatever comes and goes meanwhile. A filter takes the whole value; `*` and `?` stand for any characters and for one.
Every answer has an ETag; send it back as If-None-Match, and an answer that would be the same is 304 without a body.
`/live` tells of every change as a server-sent event. Times are UTC, spans seconds.
"""


class Trouble(BaseModel):
    """Why there is no answer."""

    detail: str


class _AuditQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    after: Annotated[int, Field(ge=0, le=_LARGEST, description="Go on behind this entry")] = 0
    most: Annotated[int, Field(ge=1, le=MOST)] = USUAL
    run: Annotated[str | None, Field(description="Only the entries of this run")] = None


_NONE_MATCH = Annotated[str | None, Header(description="ETags of answers that are there already")]
_Answers = dict[int | str, dict[str, Any]]
_REFUSED: _Answers = {401: {"model": Trouble, "description": "No token of a reader"}}
_SAME: _Answers = {304: {"description": "As the answer with that ETag"}}
_MISSING: _Answers = {404: {"model": Trouble, "description": "There is none of that id"}}
_HOST: _Answers = {
    400: {"description": "Asked for by another name than this machine's own", "content": {"text/plain": {}}}
}


def service(gathering: Gathering, ledger: Ledger, feed: Feed, readers: Readers, version: str) -> FastAPI:
    """The application. ``ledger`` answers for the journal, ``gathering`` for all else."""
    made = FastAPI(
        title="drdeck",
        version=version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        on_startup=[feed.attach],
        responses={**_HOST},
    )
    made.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)
    guard = [Depends(_door(readers))]

    @made.get("/health", responses=_told(Health) | _REFUSED | _SAME, dependencies=guard, tags=["health"])
    async def health(if_none_match: _NONE_MATCH = None) -> Response:
        """How this service, the store and the devices fare."""
        return _answer(to_text(gathering.health).encode(), if_none_match)

    for name, listed in LISTS.items():
        _add_list(made, gathering, name, listed, guard)
    _add_audit(made, ledger, guard)
    _add_live(made, feed, guard)
    made.openapi = partial(_described, made)  # type: ignore[method-assign]
    return made


def _told(answer: Any) -> _Answers:
    """The answer of a route, in the words of the description: its schema stands among the components."""
    (schema,), _ = schema_components([answer], ref_template=rows.REF)
    return {200: {"description": "What was asked for", "content": {"application/json": {"schema": schema}}}}


def _page_of(listed: ListOf) -> Any:
    return PageOf[listed.row]  # type: ignore[name-defined]


def _described(made: FastAPI) -> dict[str, Any]:
    """The OpenAPI description. FastAPI knows the queries; the rows that go out are msgspec's."""
    if made.openapi_schema is None:
        whole = get_openapi(title=made.title, version=made.version, description=made.description, routes=made.routes)
        answers = [Health, AuditPage, *map(_page_of, LISTS.values()), *rows.SYSTEMS, *rows.ARRAYS, *rows.PLACES]
        whole.setdefault("components", {}).setdefault("schemas", {}).update(
            schema_components(answers, ref_template=rows.REF)[1]
        )
        made.openapi_schema = whole
    return made.openapi_schema


def _door(readers: Readers) -> Callable[..., Awaitable[str]]:
    bearer = HTTPBearer(auto_error=False, description="The token of a reader of the configuration")

    async def check(request: Request, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> str:
        name = readers.name(request.headers.get("authorization"))
        if name is None:
            raise HTTPException(401, "expected Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
        return name

    return check


def _answer(body: bytes, none_match: str | None) -> Response:
    """The body as JSON, or 304 where whoever asks has it already (RFC 9110, 13.1.2)."""
    etag = tag(body)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = [each.strip().removeprefix("W/") for each in (none_match or "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _query(name: str, listed: ListOf) -> type[BaseModel]:
    """What a list takes in its query; anything else is refused by name."""
    fields: dict[str, Any] = {
        "after": (str | None, Field(None, description="Go on behind this id: the next of the page before")),
        "most": (int, Field(USUAL, ge=1, le=MOST, description="At most so many rows")),
    }
    fields |= {field: (str | None, Field(None, description=f"Only rows of this {field}")) for field in listed.fields}
    made: type[BaseModel] = create_model(f"{name.title()}Query", __config__=ConfigDict(extra="forbid"), **fields)
    return made


def _add_list(made: FastAPI, gathering: Gathering, name: str, listed: ListOf, guard: list[Any]) -> None:
    model = _query(name, listed)

    async def page(query: Annotated[model, Query()], if_none_match: _NONE_MATCH = None) -> Response:  # type: ignore[valid-type]
        asked: dict[str, Any] = query.model_dump(exclude_none=True)  # type: ignore[attr-defined]
        after, most = asked.pop("after", None), asked.pop("most")
        return _answer(gathering.lists[name].page(asked, after, most).body, if_none_match)

    async def one(id: str, if_none_match: _NONE_MATCH = None) -> Response:
        if name == "runs":
            run = gathering.runs.get(id)
            body = None if run is None else whole_run(run)
        else:
            found = gathering.lists[name].get(id)
            body = None if found is None else found.body
        if body is None:
            raise HTTPException(404, f"there is no {id!r} among the {name}")
        return _answer(body, if_none_match)

    made.get(
        f"/{name}",
        responses=_told(_page_of(listed)) | _REFUSED | _SAME,
        dependencies=guard,
        summary=listed.about,
        operation_id=f"list_{name}",
        tags=[name],
    )(page)
    made.get(
        f"/{name}/{{id:path}}",
        responses=_told(dict[str, Any] if name == "runs" else listed.row) | _REFUSED | _SAME | _MISSING,
        dependencies=guard,
        summary=f"One of the {name}",
        operation_id=f"get_{name}",
        tags=[name],
    )(one)


def _add_audit(made: FastAPI, ledger: Ledger, guard: list[Any]) -> None:
    @made.get("/audit", responses=_told(AuditPage) | _REFUSED | _SAME, dependencies=guard, tags=["audit"])
    def audit(query: Annotated[_AuditQuery, Query()], if_none_match: _NONE_MATCH = None) -> Response:
        """The journal: every change of anything, chained by hashes."""
        found = ledger.journal(query.run, query.after, query.most + 1)
        items = tuple(AuditRow(id=e.seq, at=e.at, run=e.run, kind=e.kind, body=e.body) for e in found[: query.most])
        more = items[-1].id if len(found) > query.most else None
        return _answer(to_text(AuditPage(items=items, next=more)).encode(), if_none_match)


def _add_live(made: FastAPI, feed: Feed, guard: list[Any]) -> None:
    @made.get(
        "/live",
        response_class=StreamingResponse,
        responses=_REFUSED | {200: {"description": "Events without end", "content": {"text/event-stream": {}}}},
        dependencies=guard,
        tags=["live"],
    )
    async def live(last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """Every change as it is seen: the list, what happened, and the id."""
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(feed.stream(last_event_id), media_type="text/event-stream", headers=headers)
