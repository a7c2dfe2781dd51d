//! A row of a list: octagon with initials, name, a second line, a tag, a chevron.

use eframe::egui::{Id, Rect, Response, Role, Sense, WidgetInfo, vec2};

use super::{Canvas, Tag, tag::TAG_HEIGHT};
use crate::{
    event::Language,
    ui::{
        icons::Icon,
        text::Fit,
        tokens::{Depth, TypeRole, Weight, radius},
    },
};

/// The height of a row, and between two.
pub const ROW_HEIGHT: f32 = 148.0;
/// See [`ROW_HEIGHT`].
pub const ROW_GAP: f32 = 18.0;

/// What a row shows.
#[derive(Debug, Clone, Copy)]
pub struct ListRow<'a> {
    /// The name; empty: nobody any more.
    pub name: &'a str,
    /// What stands for an empty name.
    pub no_name: &'a str,
    /// The second line.
    pub line: &'a str,
    /// The tag at its end.
    pub tag: Tag<'a>,
}

impl Canvas<'_> {
    /// A row. Touched: it opens.
    pub fn list_row(&mut self, id: Id, place: Rect, row: &ListRow<'_>) -> Response {
        const PADDING: f32 = 30.0;
        const OCTAGON: f32 = 92.0;
        const CHEVRON: f32 = 36.0;
        const GAP: f32 = 26.0;
        let colours = self.palette();
        let response = self.ui.interact(place, id, Sense::click());
        let is_gone = row.name.is_empty();
        let name = if is_gone { row.no_name } else { row.name };
        response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, name));
        let is_down = response.is_pointer_button_down_on();
        let fill = if is_down { colours.tint } else { colours.surface };
        self.surface(place, radius::CONTROL, Depth::Row, fill);
        self.focus_ring(&response, place);
        let middle = place.height() / 2.0;
        let octagon = self.inside(place, PADDING, middle - OCTAGON / 2.0, vec2(OCTAGON, OCTAGON));
        self.initials(octagon.center(), OCTAGON, row.name);
        let start = PADDING + OCTAGON + GAP;
        let tag_width = self.tag_width(&row.tag);
        let chevron_at = place.width() - PADDING - CHEVRON;
        let tag_at = chevron_at - GAP - tag_width;
        let tag = self.inside(place, tag_at, middle - TAG_HEIGHT / 2.0, vec2(tag_width, TAG_HEIGHT));
        self.tag(tag, &row.tag);
        let chevron = self.inside(place, chevron_at, middle - CHEVRON / 2.0, vec2(CHEVRON, CHEVRON));
        self.icon(Icon::Chevron, chevron, colours.ink3);
        let width = tag_at - start - 12.0;
        let first = TypeRole { size: 34.0, line_height: 44.0, weight: Weight::SemiBold };
        let second = TypeRole { size: 25.0, line_height: 38.0, weight: Weight::Regular };
        let block = self.block_in(name, Language::of_text(name).unwrap_or(self.language), first, width, Fit::OneLine);
        let line = self.inside(place, start, middle - 41.0, vec2(width, 44.0));
        // A name of the other script stands where the row begins.
        let shift = match (self.is_mirrored(), Language::of_text(name).is_some_and(Language::is_right_to_left)) {
            (true, false) => width - block.text_width(),
            (false, true) => block.text_width() - width,
            _ => 0.0,
        };
        block.paint(self.painter(), line.min + vec2(shift, 0.0), if is_gone { colours.ink2 } else { colours.ink });
        let block = self.block(row.line, second, width, Fit::OneLine);
        let line = self.inside(place, start, middle + 3.0, vec2(width, 38.0));
        block.paint(self.painter(), line.min, colours.ink2);
        response
    }
}
