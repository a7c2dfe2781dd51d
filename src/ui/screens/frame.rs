//! What every screen of the visitor's has: header, niche, nameplate, topics, controls, notice, toast.

use eframe::egui::{Id, Rect, Role, Sense, Stroke, WidgetInfo, pos2, vec2};

use super::{
    Furniture, Scene, Shown, Touch, risen,
    scene::{self, is_deaf},
};
use crate::{
    config,
    event::{ByLanguage, Command, Language, Phase},
    ui::{
        icons::Icon,
        layout::{CHIP_GAP, Layout, Orientation, PLATE_HEIGHT},
        mesh,
        text::{Fit, Span},
        tokens::{TypeRole, Weight},
        widgets::{Canvas, Chip, Hold, PlateText, Tool},
    },
};

/// The language switch and the tool buttons at 100 % and above; the switch beside four tools with large text.
const SWITCH: (f32, f32) = (383.0, 459.0);
const SWITCH_CROWDED: f32 = 420.0;
const TOOL: (f32, f32) = (126.0, 148.0);
const TOOL_GAP: f32 = 12.0;
/// How long the place where "Text size" was touched stays that button, seconds.
const TEXT_SIZE_STAYS_SECS: f64 = 3.0;
/// Between the notice and the window's edge at least.
const EDGE: f32 = 12.0;
/// The line height of a notice that is short of room, in sizes of its type.
const CLOSE_LINES: f32 = 1.25;

/// One frame of a screen while it is being painted.
pub struct Frame<'a, 'c> {
    /// What it is painted with.
    pub canvas: &'a mut Canvas<'c>,
    /// What lives longer.
    pub furniture: &'a mut Furniture,
    /// What it is painted from.
    pub shown: Shown<'a>,
    /// What was touched.
    pub touches: Vec<Touch>,
}

impl<'a> Frame<'a, '_> {
    fn layout(&self) -> &'a Layout {
        self.shown.layout
    }

    fn by_zoom(&self, (normal, large): (f32, f32)) -> f32 {
        if self.canvas.zoom > 1.0 { large } else { normal }
    }

    pub(super) fn header(&mut self) {
        header(self.canvas, self.shown.stand, self.shown.layout);
    }

    /// The stand's mark, held for three seconds, leads to the PIN pad. A visitor who merely touches it sees nothing.
    pub(super) fn mark(&mut self) {
        const REACH: f32 = 104.0;
        const SHOWN_FROM: f32 = 0.2;
        let header = self.layout().header;
        let place = self.canvas.inside(header, -30.0, (header.height() - REACH) / 2.0, vec2(REACH, REACH));
        let response = self.canvas.ui.interact(place, Id::unique("mark"), Sense::click());
        let is_held = response.is_pointer_button_down_on() && response.contains_pointer();
        let hold = &mut self.furniture.mark;
        if hold.is_done() && !is_held {
            *hold = Hold::default();
        }
        if hold.advance(self.shown.now, is_held) {
            self.touches.push(Touch::Staff);
        }
        let part = hold.part();
        if part > 0.0 {
            self.canvas.changes_in(std::time::Duration::ZERO);
        }
        if part > SHOWN_FROM {
            let colour = self.canvas.palette().brass;
            let points = (0..=32).map(|step| {
                let angle = std::f32::consts::TAU * part * step as f32 / 32.0;
                place.center() + 38.0 * mesh::clockwise_from_top(angle)
            });
            mesh::round_line(self.canvas.painter(), points.collect(), Stroke::new(5.0, colour));
        }
    }

    /// A touch anywhere on the niche begins a talk, and puts away the card that stands in its place.
    pub(super) fn niche(&mut self) {
        let response = self.canvas.ui.interact(self.layout().niche.opening, Id::unique("niche"), Sense::click());
        let label = self.canvas.word("attract.approach");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        if response.clicked() {
            let has_card = self.shown.view.card.is_some();
            self.touches.push(Touch::Command(if has_card { Command::HideCard } else { Command::Touch }));
        }
    }

    pub(super) fn nameplate(&mut self, text: &PlateText) {
        let top = plate_top(self.layout());
        self.furniture.plate.paint(self.canvas, top, text);
    }

    /// The card's place, above one or two rows of chips. With large text in landscape it takes the place of the chips.
    pub(super) fn card_place(&self, rows: usize) -> Rect {
        let layout = self.layout();
        let place = match (rows, layout.orientation) {
            (0, Orientation::Landscape) => {
                Rect::from_min_max(layout.card.min, pos2(layout.card.right(), layout.lower_chips.bottom()))
            }
            (0 | 1, _) => layout.card,
            _ => layout.card_short,
        };
        risen(place, self.shown.arrival)
    }

    /// How many rows of topics a conversation has room for. Where nobody is heard there is always one.
    pub(super) fn conversation_rows(&self) -> usize {
        let is_crowded = self.canvas.zoom > 1.0 && self.layout().orientation == Orientation::Landscape;
        usize::from(!is_crowded || is_deaf(self.shown.view))
    }

    /// Up to `rows` rows of two topics.
    pub(super) fn topics(&mut self, rows: usize) {
        let view = self.shown.view;
        let shown = view.topics.get(..view.topics.len().min(rows * 2)).unwrap_or_default();
        let layout = self.layout();
        let beds = if shown.len() > 2 {
            [layout.upper_chips, layout.lower_chips]
        } else if self.is_known() {
            // The lower row holds the ways out.
            [self.known_beds(rows).topics; 2]
        } else {
            [layout.lower_chips; 2]
        };
        let height = chip_height(self.canvas.zoom, layout);
        let language = self.canvas.language;
        let label = |own: &'a ByLanguage<String>| own.text(language);
        let size = vec2((layout.lower_chips.width() - CHIP_GAP) / 2.0, height);
        let role = self.canvas.chip_role(shown.iter().map(|topic| label(&topic.label)), size);
        for (index, topic) in shown.iter().enumerate() {
            let Some(bed) = beds.get(index / 2) else { break };
            // Landscape chips grow upwards with their text; two rows keep their gap.
            let lift = (height - bed.height()) * if *bed == layout.upper_chips && shown.len() > 2 { 2.0 } else { 1.0 };
            let place = self.canvas.inside(*bed, (index % 2) as f32 * (size.x + CHIP_GAP), -lift, size);
            let icon = Icon::named(&topic.icon).unwrap_or(Icon::Info);
            let chip = Chip { icon, label: label(&topic.label), role };
            if self.canvas.chip(Id::unique("topic").with(&topic.entry), place, chip).clicked() {
                self.touches.push(Touch::Command(Command::AskTopic(topic.entry.clone())));
            }
        }
    }

    /// The upper edge of `rows` rows of topics.
    pub(super) fn chips_top(&self, rows: usize) -> f32 {
        let layout = self.layout();
        let bed = if rows > 1 { layout.upper_chips } else { layout.lower_chips };
        bed.top() - (chip_height(self.canvas.zoom, layout) - bed.height()) * rows as f32
    }

    pub(super) fn controls(&mut self) {
        let row = self.layout().controls;
        let [text_on, contrast_on] = self.shown.tools_on;
        let mut tools = vec![
            (Icon::TextSize, "control.text", text_on, Touch::TextSize),
            (Icon::Contrast, "control.contrast", contrast_on, Touch::Contrast),
            (Icon::Headset, "control.staff", false, Touch::Command(Command::CallStaff)),
        ];
        if self.shown.view.phase != Phase::Idle {
            tools.push((Icon::Door, "control.finish", false, Touch::Command(Command::Finish)));
        }
        let switch_width = match self.by_zoom(SWITCH) {
            large if large > SWITCH_CROWDED && tools.len() > 3 => SWITCH_CROWDED,
            width => width,
        };
        let switch = self.canvas.inside(row, 0.0, 0.0, vec2(switch_width, row.height()));
        if let Some(language) = self.canvas.language_switch(switch) {
            self.touches.push(Touch::Command(Command::SetLanguage(language)));
        }
        let mut size = vec2(self.by_zoom(TOOL), row.height());
        let room = row.width() - switch.width();
        // Four tools beside a large switch share the room that is left.
        size.x = size.x.min(room / tools.len() as f32 - TOOL_GAP);
        let count = tools.len();
        for (index, (icon, key, is_on, touch)) in tools.into_iter().enumerate() {
            let from_end = (count - index) as f32 * (size.x + TOOL_GAP) - TOOL_GAP;
            let place = self.canvas.inside(row, row.width() - from_end, 0.0, size);
            let label = self.canvas.word(key);
            if self.canvas.tool(Id::unique("tool").with(key), place, Tool { icon, label: &label, is_on }).clicked() {
                if touch == Touch::TextSize {
                    let now = self.canvas.ui.input(|input| input.time);
                    self.furniture.text_size_touched = Some((place, now));
                }
                self.touches.push(touch);
            }
        }
    }

    /// With another text size the button stands elsewhere. A finger that stays where it is means it all the same, for a
    /// while. To be called last: what has come under the finger is not touched.
    pub(super) fn text_size_again(&mut self) {
        let Some((place, touched_at)) = self.furniture.text_size_touched else { return };
        let now = self.canvas.ui.input(|input| input.time);
        if now - touched_at > TEXT_SIZE_STAYS_SECS {
            self.furniture.text_size_touched = None;
            return;
        }
        if self.canvas.ui.interact(place, Id::unique("text size again"), Sense::click()).clicked() {
            self.furniture.text_size_touched = Some((place, now));
            if !self.touches.contains(&Touch::TextSize) {
                self.touches.push(Touch::TextSize);
            }
        }
    }

    /// The notice about the machine and what is on: in both languages while nobody has chosen one.
    pub(super) fn notice(&mut self, scene: Scene) {
        let key = scene::notice_key(self.shown.view);
        let icon = scene::notice_icon(self.shown.view);
        let layout = self.layout();
        let portrait = layout.orientation == Orientation::Portrait;
        let (left, right) = if portrait {
            (layout.notice.left(), layout.notice.right())
        } else {
            let outer = layout.niche.opening.union(layout.controls);
            (outer.left(), outer.right())
        };
        let place = Rect::from_min_max(pos2(left, layout.notice.top()), pos2(right, layout.notice.bottom()));
        if scene == Scene::Attract {
            let is_large = self.canvas.zoom > 1.0;
            let gap = if is_large { 44.0 } else { 48.0 };
            let lift = if portrait && !is_large { 4.0 } else { 0.0 };
            let width = (place.width() - gap) / 2.0;
            for (index, language) in Language::SHIPPED.into_iter().enumerate() {
                let x = place.left() + index as f32 * (width + gap);
                let half = Rect::from_min_size(pos2(x, place.top() - lift), vec2(width, place.height()));
                self.notice_in(language, half, icon, key, true);
            }
        } else {
            self.notice_in(self.canvas.language, place, icon, key, false);
        }
    }

    fn notice_in(&mut self, language: Language, place: Rect, icon: Icon, key: &str, is_half: bool) {
        let canvas = &mut *self.canvas;
        let is_large = canvas.zoom > 1.0;
        let (side, gap) = if is_large { (54.0, 18.0) } else { (44.0, 20.0) };
        let role = if is_large {
            TypeRole { size: 23.0, line_height: 32.0, weight: Weight::Regular }.scaled(canvas.zoom)
        } else {
            TypeRole { weight: Weight::Regular, ..TypeRole::MICRO }
        };
        let machine = canvas.words.get("notice.machine", language).to_owned();
        let what = canvas.words.get(key, language).to_owned();
        let spans = [Span { text: &machine, weight: Some(Weight::SemiBold) }, Span { text: &what, weight: None }];
        let width = place.width() - side - gap;
        let fit = if is_large { Fit::Balance } else { Fit::Wrap };
        // Below the notice there is only the window's edge: long words stand closer, then smaller.
        let room = self.shown.layout.size.y - EDGE - place.top();
        let mut block = canvas.spans(&spans, language, role, width, fit);
        if block.height() > room {
            let close = TypeRole { line_height: role.size * CLOSE_LINES, ..role };
            block = canvas.fitted(&spans, language, close, vec2(width, room), fit).1;
        }
        // Halves begin at the same height; a whole line stands in the middle of its place.
        let (icon_top, text_top) = if is_half {
            (if is_large { 0.0 } else { 4.0 }, 0.0)
        } else {
            let height = if self.shown.layout.orientation == Orientation::Portrait && !is_large {
                76.0
            } else {
                block.height().max(side)
            };
            ((height - side) / 2.0, (height - block.height()) / 2.0)
        };
        let (icon_left, text_left) = if language.is_right_to_left() {
            (place.right() - side, place.left())
        } else {
            (place.left(), place.left() + side + gap)
        };
        let colours = canvas.palette();
        let icon_place = Rect::from_min_size(pos2(icon_left, place.top() + icon_top), vec2(side, side));
        canvas.icon(icon, icon_place, colours.brass);
        let text = Rect::from_min_size(pos2(text_left, place.top() + text_top), vec2(width, block.height()));
        block.paint_lines(canvas.painter(), text.min, 0..block.line_count(), |span| {
            if span == 0 { colours.ink } else { colours.ink2 }
        });
        canvas.describe(("notice", language), text, &format!("{machine} {what}"));
    }

    pub(super) fn toast(&mut self) {
        let Some((key, age)) = self.shown.toast else { return };
        let icon = match key {
            "offline" => Icon::CloudOff,
            "offline.back" => Icon::Cloud,
            _ => Icon::Info,
        };
        let layout = self.layout();
        let above = if (self.shown.view.topics.len() > 2 || self.is_known()) && self.canvas.zoom <= 1.0 {
            layout.upper_chips
        } else {
            layout.lower_chips
        };
        let bottom = pos2(above.center().x, above.top() - CHIP_GAP);
        let text = self.canvas.word(key);
        self.canvas.toast(bottom, icon, &text, age);
    }
}

/// The height of a chip at this text size.
fn chip_height(zoom: f32, layout: &Layout) -> f32 {
    match layout.orientation {
        Orientation::Portrait => layout.lower_chips.height(),
        // A row in landscape has no more room than this.
        Orientation::Landscape if zoom > 1.0 => 116.0,
        Orientation::Landscape => layout.lower_chips.height(),
    }
}

/// The middle of the nameplate's upper edge.
pub(super) fn plate_top(layout: &Layout) -> eframe::egui::Pos2 {
    layout.niche.plate_centre() - vec2(0.0, PLATE_HEIGHT / 2.0)
}

/// The mark and the stand's name, in both languages.
pub(super) fn header(canvas: &mut Canvas<'_>, stand: &config::Stand, layout: &Layout) {
    const MARK: f32 = 44.0;
    const GAP: f32 = 18.0;
    let place = layout.header;
    let colours = canvas.palette();
    let zoom = canvas.limited_zoom();
    let first = TypeRole { weight: Weight::SemiBold, ..TypeRole::LABEL }.scaled(zoom);
    let second = TypeRole { size: 30.0, ..TypeRole::LABEL }.scaled(zoom);
    let across = if canvas.is_mirrored() { Language::ENGLISH } else { Language::ARABIC };
    let [own, other] = [canvas.language, across].map(|language| (stand.name.text(language), language));
    let mark = canvas.inside(place, 0.0, (place.height() - MARK) / 2.0, vec2(MARK, MARK));
    canvas.icon(Icon::Star, mark, colours.brass);
    let block = canvas.block_in(own.0, own.1, first, f32::INFINITY, Fit::Wrap);
    let size = vec2(block.text_width(), first.line_height);
    let line = canvas.inside(place, MARK + GAP, (place.height() - size.y) / 2.0, size);
    block.paint(canvas.painter(), line.min, colours.ink);
    canvas.describe("stand", line, own.0);
    let block = canvas.block_in(other.0, other.1, second, f32::INFINITY, Fit::Wrap);
    let size = vec2(block.text_width(), second.line_height);
    let line = canvas.inside(place, place.width() - size.x, (place.height() - size.y) / 2.0, size);
    block.paint(canvas.painter(), line.min, colours.ink2);
    canvas.describe("stand other", line, other.0);
}
