//! Hover: the evidence card of what is under the cursor.

use super::{View, evidence};
use hephaestus_core::ByteRange;
use tower_lsp::ls_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

/// Cards shown at once; more is a wall.
const MOST_CARDS: usize = 4;

/// The cards at a position.
pub(crate) fn hover(view: &View<'_>, position: Position) -> Option<Hover> {
    let at = view.document.file.offset(crate::locations::own_position(position), view.facts.encoding);
    let text = &view.analysed.file.text;
    let near = |range: ByteRange| {
        // A whole function would answer everywhere in it: its first line is enough.
        let first_line =
            text.get(range.start..range.end)?.find('\n').map_or(range.end, |end| range.start + end);
        Some(range.start <= at && at <= first_line)
    };
    let mut spots: Vec<_> =
        view.spots().into_iter().filter(|spot| near(spot.range).unwrap_or(false)).collect();
    spots.sort_by_key(|spot| (spot.patch.is_none(), spot.range.len()));
    let cards: Vec<String> = spots.iter().take(MOST_CARDS).map(|spot| evidence::card(view, spot)).collect();
    let first = spots.first()?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: cards.join("\n---\n\n"),
        }),
        range: Some(view.range(first.range)),
    })
}
