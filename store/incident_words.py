"""What the timeline of an incident says of each entry, in a sentence. Pure: for screens, command line and evidence."""

from __future__ import annotations

from collections.abc import Mapping

from store.incident_records import Moment


def words(each: Moment) -> str:
    """``set commander to bert``; the names of runs stand in front."""
    body = each.body
    about = f"run {each.run}: " if each.run else ""
    return about + _said(each.kind, body)


def by(each: Moment) -> str:
    """Who did it; empty: nobody in particular."""
    return str(each.body.get("by") or each.body.get("holder") or "")


def _said(kind: str, body: Mapping[str, object]) -> str:
    match kind:
        case "incident declared":
            after = body["after"]
            alert = f", from the alerts {body['alert']}" if body.get("alert") else ""
            title = after["title"] if isinstance(after, dict) else ""
            return f"declared: {title}{alert}"
        case "incident changed":
            after = body["after"]
            parts = after.items() if isinstance(after, dict) else ()
            return "; ".join(f"{name} is now {value or 'nobody'}" for name, value in parts)
        case "incident note" | "note":
            return str(body["text"])
        case "incident lesson" | "lesson":
            return f"lesson: {body['text']} ({body['owner']}, until {body['due']})"
        case "incident linked":
            return f"run {body['run']} belongs to it"
        case "alert acknowledged":
            return f"{body['after']} has the alerts {body['group']} until {str(body['until'])[:16]}: {body['reason']}"
        case "alert unacknowledged":
            return f"nobody has the alerts {body['group']} any more: {body['reason']}"
        case "proposed":
            plan = body.get("plan")
            return f"proposed: {plan['name']}" if isinstance(plan, dict) else "proposed"
        case "run":
            why = f": {body['note']}" if body.get("note") else ""
            return f"is {body['state']}{why}"
        case "decision":
            step = f" step {body['step']}" if body.get("step") else ""
            return f"decided: {body['choice']}{step}: {body['reason']}"
        case "lease taken":
            return "began, or went on"
        case _:
            return kind
