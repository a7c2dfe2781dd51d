//! The stage and the avatar as pictures, compared with the stored ones in `tests/snapshots`. After an intended change:
//! `UPDATE_SNAPSHOTS=true cargo nextest run --test avatar_pictures`, and look at what changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use eframe::egui::{Color32, LayerId, Painter, Pos2, Rect, Vec2, pos2, vec2};
use egui_kittest::{Harness, SnapshotOptions};
use majlis::{
    audio::VoiceFeatures,
    event::Device,
    ui::{
        avatar::{self, MouthShape, Pose},
        icons::{self, Icon},
        layout::Layout,
        motion::{Animator, AvatarState, Inputs},
        stage::{Scene, Stage},
        tokens::Theme,
    },
};

/// The pose `millis` after the state changed from `from`, which had lasted two seconds.
fn pose(from: AvatarState, to: Inputs, millis: u64) -> Pose {
    let step = Duration::from_millis(10);
    let mut animator = Animator::new(fastrand::Rng::with_seed(3), Duration::ZERO);
    let mut now = Duration::ZERO;
    let before = Inputs { state: from, ..to };
    while now < Duration::from_secs(2) {
        now += step;
        animator.advance(now, &before);
    }
    for _ in 0..millis / 10 {
        now += step;
        animator.advance(now, &to);
    }
    animator.advance(now, &to)
}

fn inputs(state: AvatarState) -> Inputs {
    let voice = VoiceFeatures { loudness: 0.9, jaw: 1.0, spread: -0.4, open_vowel: 0.2, hiss: 0.0 };
    Inputs { state, level: 0.62, voice, is_offline: state == AvatarState::Offline, ..Inputs::default() }
}

/// The pose `state` comes to, its eyes open.
fn settled(state: AvatarState) -> Pose {
    let mut pose = pose(state, inputs(state), 1500);
    pose.lid = pose.lid.max(if state == AvatarState::Safe { 0.0 } else { 0.86 });
    pose
}

/// Compares what `paint` paints in a window of `size` pixels, `scale` pixels to a unit, with a stored picture.
fn compare(name: &str, size: Vec2, scale: f32, paint: impl FnMut(&Painter)) {
    let mut paint = paint;
    let mut harness = Harness::builder()
        .with_size(size / scale)
        .with_pixels_per_point(scale)
        .build_ui(|ui| paint(&ui.ctx().layer_painter(LayerId::background())));
    harness.run_steps(2);
    // Software renderers differ in the last bit of a gradient and in the coverage of a few edges.
    let tolerant = SnapshotOptions::new().threshold(1.5).max_failed_pixels(60);
    harness.snapshot_options(name, &tolerant);
}

fn paint_window(stage: &mut Stage, painter: &Painter, size: Vec2, theme: Theme, is_mirrored: bool, pose: &Pose) {
    let layout = Layout::new(size, false, is_mirrored);
    let scene = Scene { theme, niche: Some(layout.niche), is_cool: false };
    let window = Rect::from_min_size(Pos2::ZERO, size);
    stage.paint(painter, window, scene, 1.0);
    stage.paint(painter, window, Scene { is_cool: true, ..scene }, pose.lamp.coolness());
    let niche = layout.niche;
    avatar::paint(painter, niche.avatar_centre, niche.avatar_radius, pose, &pose.lamp.colours(theme));
}

fn portrait(name: &str, theme: Theme, state: AvatarState) {
    let (mut stage, pose) = (Stage::default(), settled(state));
    compare(name, vec2(270.0, 480.0), 0.25, |painter| {
        paint_window(&mut stage, painter, vec2(1080.0, 1920.0), theme, false, &pose);
    });
}

#[test]
fn the_stage_by_day() {
    portrait("stage_day_listening", Theme::Day, AvatarState::Listening);
}

#[test]
fn the_stage_at_dusk() {
    portrait("stage_dusk_idle", Theme::Dusk, AvatarState::Idle);
}

#[test]
fn the_stage_in_high_contrast() {
    portrait("stage_contrast_speaking", Theme::Contrast, AvatarState::Speaking);
}

#[test]
fn the_stage_offline() {
    portrait("stage_day_offline", Theme::Day, AvatarState::Offline);
}

#[test]
fn the_mirrored_landscape_stage() {
    let (mut stage, pose) = (Stage::default(), settled(AvatarState::Attending));
    compare("stage_landscape_mirrored", vec2(480.0, 270.0), 0.25, |painter| {
        paint_window(&mut stage, painter, vec2(1920.0, 1080.0), Theme::Day, true, &pose);
    });
}

/// Paints poses in rows of `columns` on a plain wall.
fn sheet(name: &str, columns: usize, theme: Theme, poses: &[Pose], cell: f32, r: f32) {
    let rows = poses.len().div_ceil(columns);
    let size = vec2(columns as f32, rows as f32) * cell;
    compare(name, size, 1.0, |painter| {
        let wall = if theme.is_flat() { Color32::BLACK } else { Color32::from_rgb(0x3B, 0x29, 0x1B) };
        painter.rect_filled(Rect::from_min_size(Pos2::ZERO, size), 0, wall);
        for (i, pose) in poses.iter().enumerate() {
            let place = vec2((i % columns) as f32 + 0.5, (i / columns) as f32 + 0.5) * cell;
            avatar::paint(painter, place.to_pos2(), r, pose, &pose.lamp.colours(theme));
        }
    });
}

const STATES: [AvatarState; 10] = [
    AvatarState::Idle,
    AvatarState::Attending,
    AvatarState::Listening,
    AvatarState::Thinking,
    AvatarState::Speaking,
    AvatarState::Offline,
    AvatarState::Lost(Device::Microphone),
    AvatarState::Lost(Device::Speaker),
    AvatarState::Lost(Device::Camera),
    AvatarState::Safe,
];

#[test]
fn the_avatar_in_each_state() {
    let poses: Vec<Pose> = STATES.into_iter().map(settled).collect();
    sheet("avatar_states", 5, Theme::Day, &poses, 160.0, 34.0);
}

#[test]
fn the_avatar_in_each_state_in_high_contrast() {
    let poses: Vec<Pose> = STATES.into_iter().map(settled).collect();
    sheet("avatar_states_contrast", 5, Theme::Contrast, &poses, 140.0, 30.0);
}

#[test]
fn the_mouths() {
    let poses: Vec<Pose> = [
        MouthShape::REST,
        MouthShape::MBP,
        MouthShape::FV,
        MouthShape::TDN,
        MouthShape::EE,
        MouthShape::EH,
        MouthShape::AA,
        MouthShape::OH,
        MouthShape::OO,
        MouthShape::MUSE,
        MouthShape::SMILE,
    ]
    .into_iter()
    .map(|mouth| Pose { mouth, ..settled(AvatarState::Safe) })
    .map(|pose| Pose { lamp: avatar::LampMix::WARM, lid: 1.0, ..pose })
    .collect();
    sheet("avatar_mouths", 6, Theme::Day, &poses, 110.0, 46.0);
}

#[test]
fn a_visitor_comes_and_interrupts() {
    let at = |from, to, millis| pose(from, inputs(to), millis);
    let mut poses: Vec<Pose> = [0, 80, 160, 240, 340, 460, 600, 900]
        .into_iter()
        .map(|millis| at(AvatarState::Idle, AvatarState::Attending, millis))
        .collect();
    poses.extend(
        [0, 40, 80, 120, 160, 200, 300, 500]
            .into_iter()
            .map(|millis| at(AvatarState::Speaking, AvatarState::Interrupted, millis)),
    );
    sheet("avatar_motion", 8, Theme::Day, &poses, 130.0, 27.0);
}

#[test]
fn the_gaze_and_the_lids() {
    let open = Pose { lamp: avatar::LampMix::WARM, lid: 1.0, glow: 0.3, ..settled(AvatarState::Safe) };
    let open = Pose { mouth: MouthShape::REST, ..open };
    let looks = [vec2(-1.0, 0.0), vec2(0.0, -1.0), vec2(1.0, 0.0), vec2(0.6, 1.0)];
    let lids = [1.0, 0.75, 0.5, 0.3, 0.2, 0.0];
    let mut poses: Vec<Pose> = looks.into_iter().map(|gaze| Pose { gaze, ..open.clone() }).collect();
    poses.extend([Pose { low: 0.72, ..open.clone() }, Pose { low: 0.3, ..open.clone() }]);
    poses.extend(lids.into_iter().map(|lid| Pose { lid, ..open.clone() }));
    sheet("avatar_gaze", 6, Theme::Day, &poses, 110.0, 46.0);
}

#[test]
fn the_icons() {
    let columns = 13;
    let rows = Icon::ALL.len().div_ceil(columns) as f32;
    let size = vec2(columns as f32 * 48.0, rows * 48.0);
    let ink = Theme::Day.palette().accent;
    compare("icons", size, 1.0, |painter| {
        painter.rect_filled(Rect::from_min_size(Pos2::ZERO, size), 0, Theme::Day.palette().surface);
        for (i, icon) in Icon::ALL.iter().enumerate() {
            let place = pos2((i % columns) as f32 * 48.0 + 24.0, (i / columns) as f32 * 48.0 + 24.0);
            icons::paint(painter, *icon, Rect::from_center_size(place, Vec2::splat(40.0)), ink, false);
        }
    });
}
