"""What opening a row of a table can ask for."""

from __future__ import annotations

from screens.auto_messages import AutoEventRequested, AutoGroupRequested
from screens.messages import DetailRequested, LevelRequested
from screens.plan_messages import PlanRequested
from screens.room_messages import AlertRequested, IncidentRequested
from screens.run_messages import RunRequested, StepRequested
from screens.schedule_messages import ScheduleRequested

Opening = (
    DetailRequested
    | LevelRequested
    | RunRequested
    | StepRequested
    | ScheduleRequested
    | PlanRequested
    | AutoGroupRequested
    | AutoEventRequested
    | AlertRequested
    | IncidentRequested
)
