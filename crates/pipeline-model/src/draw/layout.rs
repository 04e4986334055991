//! Where everything of the SVG stands, in pixels.
//!
//! Stages are columns; the actions of a run-order group fill rows of up to four. Between two rows runs a channel, between
//! two stages a gap, below all stages a lane, and every artifact has tracks of its own in them: it leaves its action
//! at the bottom, takes the channel, the gap and, over other stages, the lane, and comes down to the action that takes it.
//! So no artifact runs through a box, and two artifacts never share a line.

use std::collections::{BTreeMap, BTreeSet};

use super::label::width;
use crate::graph::{ActionRef, Flow, groups, refs};
use crate::model::Pipeline;

pub(super) const MARGIN: usize = 28;
pub(super) const TITLE: usize = 58;
pub(super) const HEADER: usize = 42;
pub(super) const BOX_WIDTH: usize = 198;
pub(super) const PILL_HEIGHT: usize = 18;
const PADDING: usize = 16;
const STEPS: usize = 30;
const BESIDE: usize = 16;
const PER_ROW: usize = 4;
const GAP: usize = 44;
const GAP_TRACK: usize = 10;
const PILL_TRACK: usize = 24;
const PLAIN_TRACK: usize = 10;
const LANE_TRACK: usize = 26;
/// Beyond that many tracks side by side nobody could follow one, so the rest share the last.
const MOST_TRACKS: usize = 48;

pub(super) type Point = (usize, usize);

/// A rectangle: left, top, width, height.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rect {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) w: usize,
    pub(super) h: usize,
}

/// A group of actions that run together.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) order: u32,
    pub(super) area: Rect,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub(super) area: Rect,
    pub(super) steps: Vec<Step>,
    pub(super) boxes: Vec<Rect>,
}

/// An artifact from the action that gives it to all that take it.
#[derive(Clone, Debug)]
pub(super) struct Wire<'p> {
    pub(super) artifact: &'p str,
    pub(super) lines: Vec<Vec<Point>>,
    /// The left ends of its labels, in the middle of their height.
    pub(super) pills: Vec<Point>,
}

#[derive(Clone, Debug)]
pub(super) struct Layout<'p> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) columns: Vec<Column>,
    pub(super) wires: Vec<Wire<'p>>,
}

/// The width of an artifact's label.
pub(super) fn pill_width(label: &str) -> usize {
    width(label) * 7 + 14
}

/// How long an artifact's label may be, in characters.
pub(super) const PILL_TEXT: usize = 20;

struct Net<'p> {
    artifact: &'p str,
    from: ActionRef,
    takers: Vec<(ActionRef, usize)>,
    /// Which output of its action.
    output: usize,
}

/// Tracks of one channel, gap or lane, with the stretches taken on each.
#[derive(Default)]
struct Tracks(Vec<Vec<(usize, usize)>>);

impl Tracks {
    /// The first track that is free from one end to the other.
    fn take(&mut self, from: usize, to: usize) -> usize {
        let free = |track: &Vec<(usize, usize)>| track.iter().all(|(start, end)| *end < from || to < *start);
        let at = self.0.iter().position(free).unwrap_or(self.0.len()).min(MOST_TRACKS - 1);
        if at == self.0.len() {
            self.0.push(Vec::new());
        }
        self.0[at].push((from, to));
        at
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// A stage cut into rows, before anything has a height.
struct Cut {
    /// Row and left edge within the stage of each action.
    places: Vec<(usize, usize)>,
    /// Run order, first and last row of each group.
    steps: Vec<(u32, usize, usize)>,
    rows: usize,
    width: usize,
    /// Labelled tracks, then plain ones, of each channel.
    channels: Vec<(Tracks, Tracks)>,
}

fn cut(pipeline: &Pipeline) -> Vec<Cut> {
    let stages = pipeline.stages.iter().map(|stage| {
        let groups = groups(stage);
        let left = if groups.len() > 1 { PADDING + STEPS } else { PADDING };
        let mut places = vec![(0, 0); stage.actions.len()];
        let (mut steps, mut row, mut widest) = (Vec::new(), 0, 1);
        for group in &groups {
            // Rows of equal length: 5 actions as 3 and 2.
            let per_row = group.len().div_ceil(group.len().div_ceil(PER_ROW));
            widest = widest.max(per_row);
            for (index, at) in group.iter().enumerate() {
                places[*at] = (row + index / per_row, left + (index % per_row) * (BOX_WIDTH + BESIDE));
            }
            let last = row + (group.len() - 1) / per_row;
            let order = group.first().map_or(1, |at| stage.actions[*at].effective_run_order());
            steps.push((order, row, last));
            row = last + 1;
        }
        let width = left + widest * (BOX_WIDTH + BESIDE) - BESIDE + PADDING;
        let channels = (0..=row).map(|_| Default::default()).collect();
        Cut { places, steps, rows: row, width, channels }
    });
    stages.collect()
}

fn nets(pipeline: &Pipeline) -> Vec<Net<'_>> {
    let flow = Flow::new(pipeline);
    let mut takers: BTreeMap<(ActionRef, &str), Vec<(ActionRef, usize)>> = BTreeMap::new();
    for (to, action) in refs(pipeline) {
        for (input, artifact) in action.input_artifacts.iter().enumerate() {
            if let Some(from) = flow.producer_for(&artifact.name, to) {
                takers.entry((from, &artifact.name)).or_default().push((to, input));
            }
        }
    }
    let mut out = Vec::new();
    for (from, action) in refs(pipeline) {
        for (output, artifact) in action.output_artifacts.iter().enumerate() {
            let takers = takers.remove(&(from, artifact.name.as_str())).unwrap_or_default();
            out.push(Net { artifact: &artifact.name, from, takers, output });
        }
    }
    out
}

/// Where a net leaves or enters its action: the number of all such places spreads over less than half of the box, and
/// the two halves differ, so that a line going down never lies on another one.
fn spread(index: usize, count: usize) -> usize {
    let room = BOX_WIDTH / 2 - 24;
    if count < 2 { 0 } else { (room * index / (count - 1)).min(index * 18) }
}

pub(super) fn layout(pipeline: &Pipeline, box_height: usize) -> Layout<'_> {
    let mut cuts = cut(pipeline);
    let nets = nets(pipeline);
    let inputs = |at: ActionRef| at.of(pipeline).map_or(0, |action| action.input_artifacts.len());
    let outputs = |at: ActionRef| at.of(pipeline).map_or(0, |action| action.output_artifacts.len());
    let place = |cuts: &[Cut], at: ActionRef| cuts[at.stage].places[at.action];
    let exit = |cuts: &[Cut], net: &Net<'_>| place(cuts, net.from).1 + 18 + spread(net.output, outputs(net.from));
    let entry = |cuts: &[Cut], at: ActionRef, input| place(cuts, at).1 + BOX_WIDTH / 2 + spread(input, inputs(at));
    let direct = |cuts: &[Cut], net: &Net<'_>, at: ActionRef| {
        at.stage == net.from.stage && place(cuts, at).0 == place(cuts, net.from).0 + 1
    };
    let row_of = |cuts: &[Cut], net: &Net<'_>| place(cuts, net.from).0;

    // From right to left: what leaves further left runs below, so its line comes down beside the labels of the others.
    let mut order: Vec<usize> = (0..nets.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(exit(&cuts, &nets[*at])));
    let mut exits = vec![0; nets.len()];
    for at in order {
        let net = &nets[at];
        let x = exit(&cuts, net);
        let (mut from, mut to) = (x, x + pill_width(&super::label::shorten(net.artifact, PILL_TEXT)));
        for (taker, input) in &net.takers {
            let near = direct(&cuts, net, *taker).then(|| entry(&cuts, *taker, *input));
            from = from.min(near.unwrap_or(from));
            to = to.max(near.unwrap_or(usize::MAX));
        }
        let row = row_of(&cuts, net);
        exits[at] = cuts[net.from.stage].channels[row + 1].0.take(from, to);
    }
    // Per net: the channels in which it comes in, each with its track.
    let mut entries: Vec<BTreeMap<(usize, usize), usize>> = vec![BTreeMap::new(); nets.len()];
    let mut coming = Vec::new();
    for (at, net) in nets.iter().enumerate() {
        let mut reach: BTreeMap<(usize, usize), (usize, usize)> = BTreeMap::new();
        for (taker, input) in net.takers.iter().filter(|(taker, _)| !direct(&cuts, net, *taker)) {
            let x = entry(&cuts, *taker, *input);
            let reach = reach.entry((taker.stage, place(&cuts, *taker).0)).or_insert((x, x));
            *reach = (reach.0.min(x), reach.1.max(x));
        }
        coming.extend(reach.into_iter().map(|(channel, reach)| (at, channel, reach)));
    }
    coming.sort_by_key(|(.., reach)| std::cmp::Reverse(reach.1));
    for (at, channel, reach) in coming {
        let own = nets[at].from.stage == channel.0;
        let (from, to) = if own { (reach.0, usize::MAX) } else { (0, reach.1) };
        let track = cuts[channel.0].channels[channel.1].1.take(from, to);
        entries[at].insert(channel, track);
    }
    // Gaps: first what leaves the stage on the left, lowest first, then what comes to the stage on the right.
    let mut gaps: Vec<Vec<(bool, usize, usize)>> = vec![Vec::new(); pipeline.stages.len() + 1];
    let mut lanes = Tracks::default();
    let mut lane = vec![None; nets.len()];
    for (at, net) in nets.iter().enumerate() {
        if entries[at].is_empty() {
            continue;
        }
        let (first, row) = (net.from.stage + 1, row_of(&cuts, net));
        gaps[first].push((false, usize::MAX - row, at));
        let far: BTreeSet<usize> = entries[at].keys().map(|(stage, _)| *stage).filter(|stage| *stage > first).collect();
        for stage in &far {
            let row = entries[at].keys().filter(|key| key.0 == *stage).map(|key| key.1).min().unwrap_or(0);
            gaps[*stage].push((true, row, at));
        }
        lane[at] = far.last().map(|last| lanes.take(first, *last));
    }
    for gap in &mut gaps {
        gap.sort_unstable();
    }

    // Now the pixels: columns and gaps from left to right, rows and channels from top to bottom.
    let top = MARGIN + TITLE;
    let gap_width = |gap: &Vec<(bool, usize, usize)>| GAP + gap.len().min(MOST_TRACKS) * GAP_TRACK;
    let (mut x, mut tallest) = (MARGIN, 0);
    let mut columns = Vec::with_capacity(cuts.len());
    let mut channel_tops: Vec<Vec<usize>> = Vec::with_capacity(cuts.len());
    let mut gap_left = vec![0];
    for (index, cut) in cuts.iter().enumerate() {
        let mut y = top + HEADER;
        let (mut tops, mut rows) = (Vec::new(), Vec::new());
        for (row, (labelled, plain)) in cut.channels.iter().enumerate() {
            tops.push(y);
            let first_or_last = row == 0 || row == cut.rows;
            y += labelled.len() * PILL_TRACK + plain.len() * PLAIN_TRACK + if first_or_last { 12 } else { 20 };
            if row < cut.rows {
                rows.push(y);
                y += box_height;
            }
        }
        let boxes: Vec<Rect> = cut
            .places
            .iter()
            .map(|(row, left)| Rect { x: x + left, y: rows[*row], w: BOX_WIDTH, h: box_height })
            .collect();
        let steps = cut.steps.iter().map(|(order, first, last)| Step {
            order: *order,
            area: Rect { x: x + PADDING, y: rows[*first], w: STEPS, h: rows[*last] + box_height - rows[*first] },
        });
        columns.push(Column { area: Rect { x, y: top, w: cut.width, h: 0 }, steps: steps.collect(), boxes });
        tallest = tallest.max(y + 4);
        channel_tops.push(tops);
        x += cut.width;
        gap_left.push(x);
        if index + 1 < cuts.len() || !gaps[index + 1].is_empty() {
            x += gap_width(&gaps[index + 1]);
        }
    }
    for column in &mut columns {
        column.area.h = tallest - top;
    }
    let tracks: BTreeMap<(usize, usize), usize> = gaps
        .iter()
        .enumerate()
        .flat_map(|(gap, list)| list.iter().enumerate().map(move |(index, (.., net))| ((gap, *net), index)))
        .collect();
    let track_x = |gap: usize, at: usize| {
        let index = tracks.get(&(gap, at)).copied().unwrap_or(0).min(MOST_TRACKS - 1);
        gap_left[gap] + GAP / 2 + index * GAP_TRACK + GAP_TRACK / 2
    };
    let lane_y = |track: usize| tallest + 18 + track * LANE_TRACK;

    let mut wires = Vec::with_capacity(nets.len());
    for (at, net) in nets.iter().enumerate() {
        let column = &columns[net.from.stage];
        let start = (column.area.x + exit(&cuts, net), column.boxes[net.from.action].y + box_height);
        let row = row_of(&cuts, net);
        let out_y = channel_tops[net.from.stage][row + 1] + 6 + exits[at] * PILL_TRACK + PILL_TRACK / 2;
        let mut lines = Vec::new();
        let mut pills = vec![(start.0, out_y)];
        for (taker, input) in &net.takers {
            let target = &columns[taker.stage];
            let end = (target.area.x + entry(&cuts, *taker, *input), target.boxes[taker.action].y);
            let mut line = vec![start, (start.0, out_y)];
            let channel = (taker.stage, place(&cuts, *taker).0);
            if let Some(track) = entries[at].get(&channel).filter(|_| !direct(&cuts, net, *taker)) {
                let labelled = cuts[channel.0].channels[channel.1].0.len();
                let in_y = channel_tops[channel.0][channel.1] + 6 + labelled * PILL_TRACK + track * PLAIN_TRACK + 4;
                let first = track_x(net.from.stage + 1, at);
                line.push((first, out_y));
                if let (Some(track), true) = (lane[at], taker.stage > net.from.stage + 1) {
                    let (last, y) = (track_x(taker.stage, at), lane_y(track));
                    line.extend([(first, y), (last, y), (last, in_y)]);
                } else {
                    line.push((first, in_y));
                }
                line.push((end.0, in_y));
            } else {
                line.push((end.0, out_y));
            }
            line.push(end);
            lines.push(line);
        }
        if let Some(track) = lane[at] {
            pills.push((track_x(net.from.stage + 1, at) + 14, lane_y(track)));
        }
        wires.push(Wire { artifact: net.artifact, lines, pills });
    }
    let width = (x + MARGIN).max(420);
    let lanes = if lanes.len() == 0 { 0 } else { 10 + lanes.len() * LANE_TRACK };
    Layout { width, height: tallest.max(top) + lanes + MARGIN, columns, wires }
}
