//! The arguments of what looks at scheduled jobs or changes them.

use super::{job, label_filters, labels_query, namespace, one};
use crate::operations::{Operation, ScheduledChange, ScheduledPsQuery};
use crate::tools::form::Arguments;

const ID: &str = "scheduled_job_id";

pub(in crate::tools) fn scheduled_ps(arguments: &mut Arguments) -> Operation {
    let labels = label_filters(arguments);
    Operation::ScheduledPs(ScheduledPsQuery { all: arguments.flag("all"), labels, namespace: namespace(arguments) })
}

pub(in crate::tools) fn scheduled_inspect(arguments: &mut Arguments) -> Operation {
    Operation::Scheduled(one(arguments, ID), ScheduledChange::None)
}

pub(in crate::tools) fn scheduled_delete(arguments: &mut Arguments) -> Operation {
    Operation::Scheduled(one(arguments, ID), ScheduledChange::Delete)
}

pub(in crate::tools) fn scheduled_suspend(arguments: &mut Arguments) -> Operation {
    Operation::Scheduled(one(arguments, ID), ScheduledChange::Suspend)
}

pub(in crate::tools) fn scheduled_resume(arguments: &mut Arguments) -> Operation {
    Operation::Scheduled(one(arguments, ID), ScheduledChange::Resume)
}

pub(in crate::tools) fn scheduled_update(arguments: &mut Arguments) -> Operation {
    let schedule = job::schedule(arguments).map(Box::new);
    Operation::Scheduled(one(arguments, ID), ScheduledChange::Reschedule(schedule))
}

pub(in crate::tools) fn scheduled_trigger(arguments: &mut Arguments) -> Operation {
    Operation::Trigger(one(arguments, ID))
}

pub(in crate::tools) fn scheduled_labels(arguments: &mut Arguments) -> Operation {
    let target = one(arguments, ID);
    Operation::ScheduledLabels(labels_query(arguments, target))
}
