//! A report for people, in lines of 80 columns.

use std::io;

use mtls_doctor::{Finding, Question, Report, Severity, Step};

use crate::output::{Output, Tone};

/// The reason in a sentence, what was seen, what is wrong, and what is left to ask.
pub(super) fn report(out: &mut Output, report: &Report) -> io::Result<()> {
    // Who knows nothing of what follows reads this, and finds the rest by it.
    if let Some(first) = report.findings().first().filter(|one| is_error(one)) {
        let reason = wrapped(&format!("It does not work: {}", first.what), "");
        let reason = out.paint(Tone::Bad, reason);
        out.line(format!("{reason}\n"))?;
    }
    for fact in report.facts() {
        let label = out.paint(Tone::Faint, &fact.label);
        out.line(label)?;
        out.line(wrapped(&fact.value, "  "))?;
    }
    for finding in report.findings() {
        print_finding(out, finding)?;
    }
    for (index, question) in report.questions().iter().enumerate() {
        if index == 0 {
            out.line("\nWhat cannot be seen from here:")?;
        }
        print_question(out, question)?;
    }
    let (errors, warnings) = (
        report.count(Severity::Error),
        report.count(Severity::Warning),
    );
    let closing = match (errors, report.findings().len()) {
        (0, 0) => out.paint(Tone::Good, "Nothing is wrong that can be seen."),
        (0, _) => format!("No error, {}.", counted(warnings, "warning")),
        _ => format!(
            "{}, {}.",
            counted(errors, "error"),
            counted(warnings, "warning")
        ),
    };
    out.line(format!("\n{closing}"))
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

fn print_finding(out: &mut Output, finding: &Finding) -> io::Result<()> {
    let (tone, word) = match finding.severity {
        Severity::Error => (Tone::Bad, "error"),
        Severity::Warning => (Tone::Warning, "warning"),
        _ => (Tone::Faint, "note"),
    };
    let title = out.paint(tone, format_args!("{word} {}", finding.id));
    out.line(format!("\n{title}  {}", finding.place))?;
    out.line(wrapped(&finding.what, "  "))?;
    if !finding.why.is_empty() {
        let why = wrapped(&format!("Why it matters: {}", finding.why), "  ");
        out.line(why)?;
    }
    for step in &finding.mend {
        match step {
            // In one line, however long: it is to be copied.
            Step::Command(command) => out.line(format!("  $ {command}"))?,
            Step::Text(text) => out.line(wrapped(&format!("What to do: {text}"), "  "))?,
        }
    }
    Ok(())
}

fn print_question(out: &mut Output, question: &Question) -> io::Result<()> {
    out.line(wrapped(&question.what, "  "))?;
    out.line(wrapped(&question.how_to_check, "    "))
}

fn wrapped(text: &str, indent: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(indent);
    textwrap::fill(text, options.break_words(false))
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

const WIDTH: usize = 80;
