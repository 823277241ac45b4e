//! What a bench found: comparisons with medians, ratios and aims, as text, Markdown and JSON.

pub(crate) mod chart;

use std::fmt::Write as _;

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, Table, TableStyle};
use serde_json::{Value, json};

use crate::measuring::clock::Samples;

/// The comparisons of one bench.
pub(crate) struct Report {
    /// Programs and libraries with their versions.
    pub(crate) versions: Vec<(String, String)>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// The same work done by ours and by others.
pub(crate) struct Comparison {
    pub(crate) title: String,
    /// What the samples are: "ms", "certificates/s".
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) aim: Option<Aim>,
}

/// Which of two samples is the better one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}

/// One that does the work.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) side: Side,
    pub(crate) samples: Samples,
    /// A second thing that was measured meanwhile: its unit and samples.
    pub(crate) besides: Option<(&'static str, Samples)>,
}

/// Where a contender stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// What is measured: the first one is what all others are compared with.
    Ours,
    Peer,
    /// Less work than what is measured: a bound, and nobody to win against.
    Bound,
}

/// What ours should reach.
#[derive(Clone, Copy)]
pub(crate) enum Aim {
    AtMost(f64),
    /// So many times as good as the contender of this name.
    Times(f64, &'static str),
    /// So many times as good as the best peer.
    TimesBestPeer(f64),
}

impl Contender {
    pub(crate) fn new(name: impl Into<String>, side: Side) -> Self {
        Self {
            name: name.into(),
            side,
            samples: Samples::default(),
            besides: None,
        }
    }
}

impl Comparison {
    /// How many times as good ours is as `other`: below 1 where `other` is better.
    pub(crate) fn advantage_over(&self, other: &Contender) -> f64 {
        let ours = self
            .contenders
            .iter()
            .find(|contender| contender.side == Side::Ours);
        let ours = ours.map_or(f64::NAN, |ours| ours.samples.median());
        match self.better {
            Better::Higher => ours / other.samples.median(),
            Better::Lower => other.samples.median() / ours,
        }
    }

    /// The aim and whether it was reached, as a sentence.
    fn verdict(&self) -> Option<(String, bool)> {
        let (aim, got, met) = match self.aim? {
            Aim::AtMost(limit) => {
                let ours = self
                    .contenders
                    .iter()
                    .find(|contender| contender.side == Side::Ours)?;
                let got = ours.samples.median();
                (
                    format!("at most {limit} {}", self.unit),
                    format!("{} {}", number(got), self.unit),
                    got <= limit,
                )
            }
            Aim::Times(times, name) => {
                let other = self
                    .contenders
                    .iter()
                    .find(|contender| contender.name == name)?;
                let got = self.advantage_over(other);
                let aim = format!("at least {} × {name}", number(times));
                (aim, format!("{} ×", number(got)), got >= times)
            }
            Aim::TimesBestPeer(times) => {
                let peers = self
                    .contenders
                    .iter()
                    .filter(|contender| contender.side == Side::Peer);
                let best = peers
                    .min_by(|a, b| self.advantage_over(a).total_cmp(&self.advantage_over(b)))?;
                let got = self.advantage_over(best);
                let aim = format!("at least {} × the best peer", number(times));
                let got_text = format!("{} × {}", number(got), best.name);
                (aim, got_text, got >= times)
            }
        };
        let verdict = if met { "reached" } else { "missed" };
        Some((format!("Aim: {aim}; {got}, {verdict}."), met))
    }

    fn table(&self, preset: TableStyle) -> Table {
        let mut table = Table::new();
        table.load_style(preset);
        let besides = self
            .contenders
            .iter()
            .find_map(|contender| contender.besides.as_ref())
            .map(|(unit, _)| *unit);
        let header = ["", self.unit, "lowest to highest"]
            .into_iter()
            .chain(besides)
            .chain(["ours is better by"]);
        table.set_header(header);
        for contender in &self.contenders {
            let samples = &contender.samples;
            let mut row = vec![
                contender.name.clone(),
                number(samples.median()),
                format!("{} to {}", number(samples.min()), number(samples.max())),
            ];
            if besides.is_some() {
                let median = contender
                    .besides
                    .as_ref()
                    .map(|(_, samples)| samples.median());
                row.push(median.map_or_else(String::new, number));
            }
            row.push(match contender.side {
                Side::Ours => String::new(),
                Side::Bound | Side::Peer => match self.advantage_over(contender) {
                    // A difference of two that is lost in the noise can be below zero, and nothing is a multiple of it.
                    ratio if ratio > 0.0 && ratio.is_finite() => format!("{} ×", number(ratio)),
                    _ => "–".to_owned(),
                },
            });
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn to_json(&self) -> Value {
        let contenders: Vec<_> =
            self.contenders
                .iter()
                .map(|contender| {
                    let besides = contender.besides.as_ref().map(
                        |(unit, samples)| json!({ "unit": unit, "samples": samples.values() }),
                    );
                    json!({
                        "name": contender.name,
                        "ours": contender.side == Side::Ours,
                        "median": contender.samples.median(),
                        "samples": contender.samples.values(),
                        "besides": besides,
                        "advantage": self.advantage_over(contender),
                    })
                })
                .collect();
        let aim = self
            .verdict()
            .map(|(sentence, reached)| json!({ "sentence": sentence, "reached": reached }));
        json!({ "title": self.title, "unit": self.unit, "contenders": contenders, "aim": aim })
    }
}

impl Report {
    /// For a terminal.
    pub(crate) fn to_text(&self) -> String {
        self.render(UTF8_FULL_CONDENSED, "")
    }

    /// For docs/benchmarks.md.
    pub(crate) fn to_markdown(&self) -> String {
        self.render(ASCII_MARKDOWN, "### ")
    }

    pub(crate) fn to_json(&self) -> Value {
        let versions: serde_json::Map<_, _> = self
            .versions
            .iter()
            .map(|(name, version)| (name.clone(), json!(version)))
            .collect();
        let comparisons: Vec<_> = self.comparisons.iter().map(Comparison::to_json).collect();
        json!({ "versions": versions, "comparisons": comparisons })
    }

    fn render(&self, preset: TableStyle, heading: &str) -> String {
        let versions: Vec<_> = self
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        let mut text = format!("With {}.\n", versions.join(", "));
        for comparison in &self.comparisons {
            let rounds = comparison
                .contenders
                .first()
                .map_or(0, |contender| contender.samples.values().len());
            let _ = writeln!(
                text,
                "\n{heading}{} (median of {rounds})\n\n{}",
                comparison.title,
                comparison.table(preset)
            );
            if let Some((sentence, _)) = comparison.verdict() {
                let _ = writeln!(text, "\n{sentence}");
            }
        }
        text
    }
}

/// Three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => with_commas(&format!("{value:.0}")),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Commas between groups of three digits.
fn with_commas(digits: &str) -> String {
    match digits.split_at_checked(digits.len().saturating_sub(3)) {
        Some((front, back)) if front.bytes().any(|byte| byte.is_ascii_digit()) => {
            format!("{},{back}", with_commas(front))
        }
        _ => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contender(name: &str, side: Side, values: [f64; 3]) -> Contender {
        let mut contender = Contender::new(name, side);
        for value in values {
            contender.samples.push(value);
        }
        contender
    }

    fn comparison(better: Better, aim: Aim) -> Comparison {
        Comparison {
            title: "work".to_owned(),
            unit: "ms",
            better,
            contenders: vec![
                contender("ours", Side::Ours, [9.0, 10.0, 11.0]),
                contender("slow", Side::Peer, [50.0, 40.0, 30.0]),
                contender("fast", Side::Peer, [20.0, 19.0, 21.0]),
            ],
            aim: Some(aim),
        }
    }

    #[test]
    fn an_aim_is_reached_at_its_boundary_and_missed_beyond() {
        for (better, aim, reached) in [
            (Better::Lower, Aim::AtMost(10.0), true),
            (Better::Lower, Aim::AtMost(9.9), false),
            (Better::Lower, Aim::Times(4.0, "slow"), true),
            (Better::Lower, Aim::Times(4.1, "slow"), false),
            (Better::Lower, Aim::TimesBestPeer(2.0), true),
            (Better::Lower, Aim::TimesBestPeer(2.1), false),
            (Better::Higher, Aim::TimesBestPeer(0.25), true),
            (Better::Higher, Aim::Times(1.0, "slow"), false),
        ] {
            let verdict = comparison(better, aim).verdict();
            assert_eq!(verdict.map(|(_, met)| met), Some(reached));
        }
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (value, text) in [
            (0.0567, "0.057"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1000.0, "1,000"),
            (54_321.0, "54,321"),
            (-123_456.0, "-123,456"),
            (1_000_000.0, "1,000,000"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
