//! The picture in the README shows the shop as it is.

use pipeline_model::draw;
use pipeline_runner::preflight;

#[test]
fn the_shop_is_drawn_as_it_is() {
    let pipeline = include_bytes!("../shop/pipeline.json");
    let reading = preflight::read_pipeline("pipeline.json", pipeline);
    let drawn = reading.pipeline().map(draw::svg).unwrap_or_default();
    let kept = include_str!("../../docs/shop.svg");
    assert!(
        drawn == kept,
        "docs/shop.svg is not what `cargo run -p examples --example pipeline_draw -- --format svg \
         examples/shop/pipeline.json` draws: write its output there, and look at it"
    );
}
