//! Requests over HTTP/2 on connections that stay.

use anyhow::Result;
use suite::Peers;

use super::rivals::{self, Rival, Setup};
use super::{Arena, Field, LIBRARIES};
use crate::load::Pattern;
use crate::measuring::clock::Effort;
use crate::measuring::versions;
use crate::recipe::set::Keys;
use crate::report::{Better, Comparison, Report};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let arena = Arena::new(peers, 1)?;
    let certs = arena.make_certificates(Keys::Ec)?;
    let setup = Setup {
        http2: true,
        ..Setup::default()
    };
    let servers = arena.start_all(Rival::ALL, &certs, &setup)?;
    let measured = Field::new(&arena, &certs, &servers, Pattern::Http2)?.measure(effort)?;
    let comparison = |what, unit, better, contenders| Comparison {
        title: format!("HTTP/2 requests, 16 at a time on 4 kept connections, {what}"),
        unit,
        better,
        contenders,
        aim: None,
    };
    Ok(Report {
        versions: versions::of(peers, LIBRARIES, rivals::PROGRAMS)?,
        comparisons: vec![
            comparison("CPU time", "CPU µs", Better::Lower, measured.costs),
            comparison("rate", "requests/s", Better::Higher, measured.rates),
        ],
    })
}
