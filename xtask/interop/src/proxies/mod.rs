//! Real proxies in front of our server, each with the header that it writes, and one behind our gateway.

mod front;
mod gateway;
mod people;
mod program;
pub(crate) mod proxy_protocol;

use self::people::People;
use crate::report::group::PROXIES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let people = match People::new(bench, lab) {
        Ok(people) => people,
        Err(error) => {
            let case = "certificates for the proxies";
            return report.push(GROUP, "rcgen", case, Verdict::Accepted, Err(error));
        }
    };
    for front in front::FRONTS {
        front::check(bench, lab, &people, front, report);
    }
    for form in gateway::FORMS {
        gateway::check(bench, lab, &people, form, report);
    }
}
