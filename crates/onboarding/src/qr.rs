//! QR codes as SVG.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// The code of `text` as SVG without a colour scheme, a script or a style: dark on light, as readers want it. None if
/// it is longer than some 2 KB. `label` says to a screen reader what it is of.
#[must_use]
pub fn qr_svg(text: &str, label: &str) -> Option<String> {
    let label = label
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let mut modules = String::new();
    for row in 0..code.size {
        for column in 0..code.size {
            if code[row][column].value() {
                let (x, y) = (column + QUIET, row + QUIET);
                write!(modules, "M{x} {y}h1v1h-1z").ok()?;
            }
        }
    }
    let size = code.size + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"{label}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" \
         d=\"{modules}\"/></svg>"
    ))
}

/// The code of `text` for a terminal: half blocks of Unicode, dark on light as far as the terminal's colours allow. None if
/// it is longer than some 2 KB.
#[must_use]
pub fn qr_text(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
    Some(code.to_str())
}

/// ISO/IEC 18004: four modules around it stay light.
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use super::qr_svg;

    #[test]
    fn a_label_cannot_leave_its_attribute() {
        let svg = qr_svg("text", "\"><script>&").unwrap_or_default();
        assert!(
            svg.contains("aria-label=\"&quot;>&lt;script>&amp;\" shape"),
            "{svg}"
        );
        assert_eq!(qr_svg(&"x".repeat(4000), "label"), None);
    }
}
