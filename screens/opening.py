"""What opening a row of a table can ask for."""

from __future__ import annotations

from screens.audit_messages import EntryRequested
from screens.auto_messages import AutoEventRequested, AutoGroupRequested
from screens.capacity_messages import CostItemRequested, HeadroomRequested
from screens.messages import DetailRequested, LevelRequested
from screens.plan_messages import PlanRequested
from screens.room_messages import AlertRequested, IncidentRequested
from screens.run_messages import RunRequested, StepRequested, StepsRequested
from screens.schedule_messages import ScheduleRequested

Opening = (
    DetailRequested
    | LevelRequested
    | RunRequested
    | StepRequested
    | StepsRequested
    | ScheduleRequested
    | PlanRequested
    | EntryRequested
    | AutoGroupRequested
    | AutoEventRequested
    | HeadroomRequested
    | CostItemRequested
    | AlertRequested
    | IncidentRequested
)
