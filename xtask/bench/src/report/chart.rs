//! Comparisons as bars, in SVG.

use anyhow::{Context, Result};
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Better, Comparison, Side, number};

/// One image, with a panel for each comparison.
pub(crate) fn svg(comparisons: &[Comparison]) -> Result<String> {
    let heights: Vec<_> = comparisons.iter().map(height).collect();
    let mut svg = String::new();
    {
        let backend = SVGBackend::with_string(&mut svg, (WIDTH, heights.iter().sum()));
        let mut rest = backend.into_drawing_area();
        // Readers in the dark get the same picture.
        rest.fill(&WHITE).ok().context("drawing a chart")?;
        for (comparison, height) in comparisons.iter().zip(heights) {
            let (panel, below) = rest.split_vertically(height);
            // The error's type is of this one backend, which fails at nothing but writing a file.
            draw(&panel, comparison).ok().context("drawing a chart")?;
            rest = below;
        }
        rest.present().ok().context("drawing a chart")?;
    }
    Ok(svg)
}

fn height(comparison: &Comparison) -> u32 {
    let bars = u32::try_from(comparison.contenders.len()).unwrap_or(u32::MAX);
    HEAD + bars * BAR
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type DrawError = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn draw(panel: &Area<'_>, comparison: &Comparison) -> Result<(), DrawError> {
    let contenders = &comparison.contenders;
    let longest = contenders
        .iter()
        .map(|contender| contender.samples.median())
        .fold(f64::MIN_POSITIVE, f64::max);
    let better = match comparison.better {
        Better::Higher => "longer is better",
        Better::Lower => "shorter is better",
    };
    let title = format!("{}: {}, {better}", comparison.title, comparison.unit);
    let count = i32::try_from(contenders.len()).unwrap_or(i32::MAX);
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .caption(title, (FONT, 19))
        .y_label_area_size(310)
        // Room for the number at the end of the longest bar.
        .build_cartesian_2d(0.0..longest * 1.15, (0..count - 1).into_segmented())?;

    // The first contender on top: coordinates grow upwards.
    let from_top = |index: usize| count - 1 - i32::try_from(index).unwrap_or(i32::MAX);
    let name = |segment: &SegmentValue<i32>| match segment {
        SegmentValue::CenterOf(row) => usize::try_from(count - 1 - row)
            .ok()
            .and_then(|index| contenders.get(index))
            .map_or_else(String::new, |contender| contender.name.clone()),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_labels(contenders.len())
        .y_label_formatter(&name)
        .y_label_style((FONT, 17))
        .axis_style(BLACK.mix(0.4))
        .draw()?;

    for (index, contender) in contenders.iter().enumerate() {
        let row = from_top(index);
        // A difference that is lost in the noise can be below zero.
        let value = contender.samples.median().max(0.0);
        let colour = match contender.side {
            Side::Ours => OURS,
            Side::Peer => PEER,
            Side::Bound => BOUND,
        };
        let mut bar = Rectangle::new(
            [
                (0.0, SegmentValue::Exact(row)),
                (value, SegmentValue::Exact(row + 1)),
            ],
            colour.filled(),
        );
        bar.set_margin(4, 4, 0, 0);
        chart.draw_series([bar])?;
        let style = TextStyle::from((FONT, 17)).pos(Pos::new(HPos::Left, VPos::Center));
        let label = EmptyElement::at((value, SegmentValue::CenterOf(row)))
            + Text::new(number(value), (6, 0), style);
        chart.draw_series([label])?;
    }
    Ok(())
}

const WIDTH: u32 = 900;
const HEAD: u32 = 54;
const BAR: u32 = 30;
const FONT: &str = "sans-serif";
const OURS: RGBColor = RGBColor(0x1b, 0x6e, 0xc2);
const PEER: RGBColor = RGBColor(0x9a, 0xa5, 0xb1);
const BOUND: RGBColor = RGBColor(0xd9, 0xc9, 0x8a);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measuring::clock::Samples;
    use crate::report::Contender;

    #[test]
    fn a_chart_has_each_name_and_number() {
        let contenders = [("ours", Side::Ours, 4.5), ("theirs", Side::Peer, 121.0)];
        let contenders = contenders.map(|(name, side, value)| {
            let mut samples = Samples::default();
            samples.push(value);
            Contender {
                samples,
                ..Contender::new(name, side)
            }
        });
        let comparison = Comparison {
            title: "Work".to_owned(),
            unit: "ms",
            better: Better::Lower,
            contenders: contenders.into(),
            aim: None,
        };
        let svg = svg(&[comparison]).expect("a chart can be drawn");
        for text in [
            "Work: ms, shorter is better",
            "ours",
            "4.50",
            "theirs",
            "121",
        ] {
            assert!(svg.contains(text), "{text} is not in {svg}");
        }
    }
}
