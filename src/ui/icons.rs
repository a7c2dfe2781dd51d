//! The icons: outlines on a grid of 48, stroked 3.6 wide with round ends and joins.
//!
//! An outline is written as SVG path data, the way drawing programs give it, and flattened by [`path`].

mod path;

use eframe::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::mesh;

/// The side of the grid the outlines are drawn on.
const GRID: f32 = 48.0;
/// The stroke on that grid.
const STROKE: f32 = 3.6;

macro_rules! icons {
    ($($(#[$doc:meta])* $icon:ident $name:literal $outline:literal $(filled $filled:literal)?;)*) => {
        /// An icon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Icon {
            $($(#[$doc])* $icon,)*
        }

        impl Icon {
            /// Every icon.
            pub const ALL: &[Self] = &[$(Self::$icon),*];

            /// Its name in files: `clock`, `calendar_check`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$icon => $name,)*
                }
            }

            /// Outlines, SVG path data.
            fn outline(self) -> &'static str {
                match self {
                    $(Self::$icon => $outline,)*
                }
            }

            /// Convex parts that are filled as well.
            fn filled(self) -> &'static str {
                match self {
                    $(Self::$icon => concat!("" $(, $filled)?),)*
                }
            }
        }
    };
}

icons! {
    /// Listening.
    Microphone "microphone" "M24 6a7 7 0 0 1 7 7v9a7 7 0 0 1 -7 7a7 7 0 0 1 -7 -7v-9a7 7 0 0 1 7 -7zM10 23v1a14 14 0 0 0 28 0v-1M24 38v5M16 43h16";
    /// Microphone off.
    MicrophoneOff "microphone_off" "M31 24V13a7 7 0 0 0-13.2-3.2M17 19v3a7 7 0 0 0 11 5.7M10 23v1a14 14 0 0 0 22.5 11M38 23v1c0 1.7-.3 3.3-.9 4.8M24 38v5M16 43h16M7 7l34 34";
    /// Camera.
    Camera "camera" "M10 13h17a5 5 0 0 1 5 5v12a5 5 0 0 1 -5 5h-17a5 5 0 0 1 -5 -5v-12a5 5 0 0 1 5 -5zM32 21l11-6v18l-11-6";
    /// Camera off.
    CameraOff "camera_off" "M17 13h10a5 5 0 0 1 5 5v3l11-6v18l-6-3.3M32 32.5a5 5 0 0 1-4.5 2.5H10a5 5 0 0 1-5-5V18a5 5 0 0 1 4-4.9M6 6l36 36";
    /// Clock.
    Clock "clock" "M6 24a18 18 0 0 1 36 0a18 18 0 0 1 -36 0zM24 13v11l8 5";
    /// Training.
    Cap "cap" "M4 19l20-9 20 9-20 9zM12 23v10c3 3.5 7.5 5 12 5s9-1.5 12-5V23M44 19v11";
    /// A place.
    Pin "pin" "M24 44s14-12.5 14-24a14 14 0 0 0-28 0c0 11.5 14 24 14 24zM19 20a5 5 0 0 1 10 0a5 5 0 0 1 -10 0z";
    /// Calendar check.
    CalendarCheck "calendar_check" "M11 10h26a5 5 0 0 1 5 5v22a5 5 0 0 1 -5 5h-26a5 5 0 0 1 -5 -5v-22a5 5 0 0 1 5 -5zM6 19h36M15 5v9M33 5v9M16 30l5.5 5L32 25";
    /// Calendar.
    Calendar "calendar" "M11 10h26a5 5 0 0 1 5 5v22a5 5 0 0 1 -5 5h-26a5 5 0 0 1 -5 -5v-22a5 5 0 0 1 5 -5zM6 19h36M15 5v9M33 5v9";
    /// The text size.
    TextSize "text_size" "M4 38L14 11h2l10 27M7.5 29h15M29 38l7-18h1l7 18M31.5 32h10";
    /// Contrast.
    Contrast "contrast" "M6 24a18 18 0 0 1 36 0a18 18 0 0 1 -36 0zM24 6v36a18 18 0 0 0 0-36z" filled "M24 6v36a18 18 0 0 0 0-36z";
    /// A person; "You".
    Person "person" "M16 15a8 8 0 0 1 16 0a8 8 0 0 1 -16 0zM8 42c1-10 7.5-15 16-15s15 5 16 15";
    /// Call staff.
    Headset "headset" "M8 27v-4a16 16 0 0 1 32 0v4M8 25h5v12H9.5A3.5 3.5 0 0 1 6 33.5v-5A3.5 3.5 0 0 1 8 25zM40 25h-5v12h3.5a3.5 3.5 0 0 0 3.5-3.5v-5A3.5 3.5 0 0 0 40 25zM37 37c0 4-4 6-9 6";
    /// Close, no.
    Cross "cross" "M11 11l26 26M37 11L11 37";
    /// Chosen, good.
    Check "check" "M9 25l10 10 20-22";
    /// Opens; forwards.
    Chevron "chevron" "M18 9l15 15-15 15";
    /// Speaking.
    Speaker "speaker" "M6 18v12h8l11 9V9L14 18zM32 17c4 4 4 10 0 14M38 11c7.5 7.5 7.5 18.5 0 26";
    /// Speaker off.
    SpeakerOff "speaker_off" "M6 18v12h8l11 9V9L14 18zM33 19l10 10M43 19L33 29";
    /// Without network.
    CloudOff "cloud_off" "M37.5 33.5A9 9 0 0 0 34 17a13 13 0 0 0-17-6.5M11 16.5a13 13 0 0 0-.5 2.5A9.5 9.5 0 0 0 13 38h19M6 6l36 36";
    /// The network is back.
    Cloud "cloud" "M13 38a9.5 9.5 0 0 1-2.5-18.7A13 13 0 0 1 35.5 18 9.8 9.8 0 0 1 35 38z";
    /// At work.
    Lozenges "lozenges" "M24 5l4 5-4 5-4-5zM24 33l4 5-4 5-4-5zM10 19l4 5-4 5-4-5zM38 19l4 5-4 5-4-5z";
    /// Search.
    Search "search" "M7 21a14 14 0 0 1 28 0a14 14 0 0 1 -28 0zM31.5 31.5L43 43";
    /// Info.
    Info "info" "M6 24a18 18 0 0 1 36 0a18 18 0 0 1 -36 0zM24 22v12M22.6 15a1.4 1.4 0 0 1 2.8 0a1.4 1.4 0 0 1 -2.8 0z" filled "M22.6 15a1.4 1.4 0 0 1 2.8 0a1.4 1.4 0 0 1 -2.8 0z";
    /// Warning.
    Warning "warning" "M24 6l20 35H4zM24 19v11M22.8 35.5a1.2 1.2 0 0 1 2.4 0a1.2 1.2 0 0 1 -2.4 0z" filled "M22.8 35.5a1.2 1.2 0 0 1 2.4 0a1.2 1.2 0 0 1 -2.4 0z";
    /// Lock.
    Lock "lock" "M14 21h20a5 5 0 0 1 5 5v11a5 5 0 0 1 -5 5h-20a5 5 0 0 1 -5 -5v-11a5 5 0 0 1 5 -5zM15 21v-6a9 9 0 0 1 18 0v6M24 30v4";
    /// Backspace.
    Backspace "backspace" "M17 11h22a4 4 0 0 1 4 4v18a4 4 0 0 1-4 4H17L5 24zM23 19l10 10M33 19L23 29";
    /// Arrow.
    Arrow "arrow" "M7 24h34M29 12l12 12-12 12";
    /// Touch.
    Hand "hand" "M14 26V13a3.5 3.5 0 0 1 7 0v10V8.5a3.5 3.5 0 0 1 7 0V23V12a3.5 3.5 0 0 1 7 0v16c0 9-5 15-13 15-6 0-9-3-12-8l-4.5-7.5c-1.5-3 2-5 4.5-2.5z";
    /// Thermometer.
    Thermometer "thermometer" "M29 28V10a5 5 0 0 0-10 0v18a9 9 0 1 0 10 0zM24 18v18";
    /// Disk.
    Disk "disk" "M7 12a17 6 0 0 1 34 0a17 6 0 0 1 -34 0zM7 12v24c0 3.3 7.6 6 17 6s17-2.7 17-6V12M7 24c0 3.3 7.6 6 17 6s17-2.7 17-6";
    /// Sync.
    Sync "sync" "M40 20A17 17 0 0 0 9.5 15M8 6v10h10M8 28a17 17 0 0 0 30.5 5M40 42V32H30";
    /// Chip.
    Chip "chip" "M16 12h16a4 4 0 0 1 4 4v16a4 4 0 0 1 -4 4h-16a4 4 0 0 1 -4 -4v-16a4 4 0 0 1 4 -4zM18 4v8M30 4v8M18 36v8M30 36v8M4 18h8M4 30h8M36 18h8M36 30h8M20 24h8";
    /// Network.
    Network "network" "M19 9a5 5 0 0 1 10 0a5 5 0 0 1 -10 0zM4 38a5 5 0 0 1 10 0a5 5 0 0 1 -10 0zM34 38a5 5 0 0 1 10 0a5 5 0 0 1 -10 0zM22 14L11 33M26 14l11 19M14 38h20";
    /// Plus.
    Plus "plus" "M24 8v32M8 24h32";
    /// Bin.
    Bin "bin" "M8 13h32M19 13V7h10v6M12 13l2 29h20l2-29M20 21v13M28 21v13";
    /// Sun.
    Sun "sun" "M16 24a8 8 0 0 1 16 0a8 8 0 0 1 -16 0zM24 4v6M24 38v6M4 24h6M38 24h6M10 10l4 4M34 34l4 4M10 38l4-4M34 14l4-4";
    /// List.
    List "list" "M16 12h26M16 24h26M16 36h26M7 12h.01M7 24h.01M7 36h.01";
    /// Book.
    Book "book" "M24 12c-5-4-11-5-18-4v30c7-1 13 0 18 4 5-4 11-5 18-4V8c-7-1-13 0-18 4zM24 12v30";
    /// Power.
    Power "power" "M24 5v18M14 11a17 17 0 1 0 20 0";
    /// Finish, leave.
    Door "door" "M28 7H12a4 4 0 0 0-4 4v26a4 4 0 0 0 4 4h16M20 24h24M35 15l9 9-9 9";
    /// Opens downwards.
    Down "down" "M10 18l14 14 14-14";
    /// Minus.
    Minus "minus" "M8 24h32";
    /// Globe.
    Globe "globe" "M6 24a18 18 0 0 1 36 0a18 18 0 0 1 -36 0zM6 24h36M24 6c6 5 8.5 11 8.5 18S30 37 24 42c-6-5-8.5-11-8.5-18S18 11 24 6z";
    /// Shift.
    Shift "shift" "M24 7l17 18h-9v15H16V25H7z";
    /// To the next field.
    NextField "next_field" "M6 24h28M23 13l11 11-11 11M42 11v26";
    /// Edit.
    Edit "edit" "M8 40l2.5-10L32 8.5a4 4 0 0 1 5.5 0l2 2a4 4 0 0 1 0 5.5L18 37.5zM27.5 13l7.5 7.5";
    /// Usb.
    Usb "usb" "M18 17h12a4 4 0 0 1 4 4v18a4 4 0 0 1 -4 4h-12a4 4 0 0 1 -4 -4v-18a4 4 0 0 1 4 -4zM18 17V5h12v12M22 10h.01M26 10h.01";
    /// Eye off.
    EyeOff "eye_off" "M19.5 11.5A21 21 0 0 1 24 11c9 0 16 6.5 20 13a34 34 0 0 1-5 6.5M33 35a18 18 0 0 1-9 2C15 37 8 30.5 4 24a33 33 0 0 1 9-9.5M19.5 19.5a6.5 6.5 0 0 0 9 9M7 7l34 34";
    /// Play.
    Play "play" "M15 8l24 16-24 16z";
    /// Phone.
    Phone "phone" "M13 6h7l3 10-5 4a22 22 0 0 0 10 10l4-5 10 3v7a5 5 0 0 1-5 5C21 40 8 27 8 11a5 5 0 0 1 5-5z";
    /// Mail.
    Mail "mail" "M10 10h28a5 5 0 0 1 5 5v18a5 5 0 0 1 -5 5h-28a5 5 0 0 1 -5 -5v-18a5 5 0 0 1 5 -5zM6 14l18 13 18-13";
    /// Key.
    Key "key" "M6 31a9 9 0 0 1 18 0a9 9 0 0 1 -18 0zM21.5 24.5L41 6M33 13l6 6";
    /// The mark of the house.
    Star "star" "M24 3l6.2 6.2H39v8.7L45.2 24 39 30.2V39h-8.8L24 45.2 17.8 39H9v-8.8L2.8 24 9 17.9V9.2h8.8z";
}

impl Icon {
    /// The icon of that name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|icon| icon.name() == name)
    }

    /// Whether it has a direction and is mirrored where text runs from right to left.
    #[must_use]
    pub fn has_direction(self) -> bool {
        matches!(
            self,
            Self::Door
                | Self::Arrow
                | Self::Chevron
                | Self::List
                | Self::Speaker
                | Self::SpeakerOff
                | Self::NextField
                | Self::Play
        )
    }
}

/// Paints `icon` into the largest square in the middle of `rect`. `mirrored`: the window's language is written from
/// right to left; turns only the icons that have a direction.
pub fn paint(painter: &Painter, icon: Icon, rect: Rect, colour: Color32, mirrored: bool) {
    let scale = rect.size().min_elem() / GRID;
    let turn = if mirrored && icon.has_direction() { -1.0 } else { 1.0 };
    let place = |p: Pos2| rect.center() + scale * pos2(turn * (p.x - GRID / 2.0), p.y - GRID / 2.0).to_vec2();
    for line in path::flatten(icon.filled()) {
        let points = line.points.iter().copied().map(place).collect();
        painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
    }
    let stroke = Stroke::new(STROKE * scale, colour);
    for line in path::flatten(icon.outline()) {
        // egui ends lines squarely and cuts sharp corners: a disc rounds both.
        for corner in line.corners() {
            painter.add(mesh::dot(place(corner), stroke));
        }
        let points: Vec<Pos2> = line.points.into_iter().map(place).collect();
        if points.len() > 1 {
            painter.add(if line.is_closed { Shape::closed_line(points, stroke) } else { Shape::line(points, stroke) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_stays_on_its_grid_with_its_stroke() {
        for icon in Icon::ALL {
            let lines = path::flatten(icon.outline());
            assert!(!lines.is_empty(), "{icon:?}");
            for point in lines.iter().flat_map(|line| &line.points) {
                let grid = Rect::from_min_max(pos2(1.0, 1.0), pos2(47.0, 47.0));
                assert!(grid.contains(*point), "{icon:?}: {point:?}");
            }
        }
    }

    #[test]
    fn an_icon_is_found_by_its_name() {
        for icon in Icon::ALL {
            assert_eq!(Icon::named(icon.name()), Some(*icon));
        }
        assert_eq!(Icon::named("unicorn"), None);
    }
}
