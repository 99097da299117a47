//! The editor's main views, pixel by pixel against `tests/golden`. `cargo xtask test` brings the
//! software renderer and runs what plain `cargo test` leaves out; `UPDATE_SNAPSHOTS=1` draws them anew.

use chronus_tests::studio::{SHOTS, Studio};
use egui::vec2;
use egui_kittest::{SnapshotOptions, SnapshotResults, try_image_snapshot_options};

#[test]
fn the_main_views_look_as_they_were_approved() {
    let options = SnapshotOptions::new().output_path("golden").max_failed_pixels(8);
    let mut results = SnapshotResults::new();
    for shot in SHOTS.iter().filter(|shot| !shot.measured) {
        for (light, end) in [(false, ""), (true, "-light")] {
            let mut studio = Studio::new(shot.patch, vec2(1000.0, 640.0), 1.0, light).unwrap();
            (shot.open)(&mut studio);
            let picture = studio.steady_picture().unwrap();
            let name = format!("{}{end}", shot.name);
            results.add(try_image_snapshot_options(&picture, name, &options));
        }
    }
    results.unwrap();
}
