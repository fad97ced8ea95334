// EfficientNet-Lite0 in plain JavaScript: a picture in, its feature maps out, and from them what a head answers.
//
// It needs no network, no library and no WebAssembly, and works where a page is opened as a file. The numbers are those
// of `classify/web_model.py`: int8 kernels, each output channel with a float32 scale and bias, in which batch
// normalisation is folded. Pictures are RGBA bytes, size x size x 4; maps Float32Array, position-major: positions x
// channels, row by row from the top left.
"use strict";

window.ArtposeLite0 = (() => {
    const TAIL = 0.2;  // as train/means.py
    const LOUDEST = 5;
    const LUMA = [0.299, 0.587, 0.114], PAPER = [124, 116, 104];  // as data/views.py and data/pictures.py

    // All that the worker runs, as one function whose text is its script.
    const inWorker = () => {
        const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

        // Float64 throughout: it is what the machine computes in, and to convert takes a fifth more time.
        const load = weights => {
            const kernels = new Int8Array(bytes(weights.kernels).buffer);
            const numbers = new Float32Array(bytes(weights.numbers).buffer);
            let k = 0, n = 0;
            return weights.blocks.map(block => block.map(layer => {
                const {kind, kernel, out, fine} = layer, deep = kind === "depthwise";
                const fan = kernel * kernel * (deep ? 1 : layer.in);  // weights of an output channel
                const packed = new Float64Array(fan * out);
                const bias = Float64Array.from(numbers.subarray(n + out, n + 2 * out));
                for (let o = 0; o < out; o++) {
                    for (let i = 0; i < fan; i++) {
                        const value = fine ? (kernels[k++] & 255) + 256 * kernels[k++] : kernels[k++];
                        // Depthwise kernels by place, then channel; others four output channels beside each other.
                        packed[deep ? i * out + o : ((o >> 2) * fan + i) * 4 + (o & 3)] = value * numbers[n + o];
                    }
                }
                n += 2 * out;
                return {...layer, fan, packed, bias};
            }));
        };

        // Four positions by four output channels at a time, which the machine keeps in its registers. Positions that
        // fill up the last four are computed and never read.
        const pointwise = (x, w, bias, y, positions, fan, out) => {
            for (let p = 0; p < positions; p += 4) {
                for (let c = 0; c < out; c += 4) {
                    let a0 = bias[c], a1 = bias[c + 1], a2 = bias[c + 2], a3 = bias[c + 3];
                    let b0 = a0, b1 = a1, b2 = a2, b3 = a3, c0 = a0, c1 = a1, c2 = a2, c3 = a3;
                    let d0 = a0, d1 = a1, d2 = a2, d3 = a3;
                    let q = c * fan, i = p * fan, j = i + fan, k = j + fan, l = k + fan;
                    for (const end = i + fan; i < end; i++, j++, k++, l++, q += 4) {
                        const w0 = w[q], w1 = w[q + 1], w2 = w[q + 2], w3 = w[q + 3];
                        let v = x[i];
                        a0 += v * w0; a1 += v * w1; a2 += v * w2; a3 += v * w3;
                        v = x[j];
                        b0 += v * w0; b1 += v * w1; b2 += v * w2; b3 += v * w3;
                        v = x[k];
                        c0 += v * w0; c1 += v * w1; c2 += v * w2; c3 += v * w3;
                        v = x[l];
                        d0 += v * w0; d1 += v * w1; d2 += v * w2; d3 += v * w3;
                    }
                    let o = p * out + c;
                    y[o] = a0; y[o + 1] = a1; y[o + 2] = a2; y[o + 3] = a3;
                    o += out;
                    y[o] = b0; y[o + 1] = b1; y[o + 2] = b2; y[o + 3] = b3;
                    o += out;
                    y[o] = c0; y[o + 1] = c1; y[o + 2] = c2; y[o + 3] = c3;
                    o += out;
                    y[o] = d0; y[o + 1] = d1; y[o + 2] = d2; y[o + 3] = d3;
                }
            }
        };

        // ReLU6 without a branch, which would be guessed wrong every other time; never below 0, whatever the rounding.
        const clamp = (y, count) => {
            for (let i = 0; i < count; i++) {
                const most = (y[i] + Math.abs(y[i])) / 2;
                y[i] = (most + 6 - Math.abs(most - 6)) / 2;
            }
        };

        // How far a kernel reaches over the left and top edge: "same" as TensorFlow pads, the odd pixel at the end.
        const reach = ({kernel, stride}, side, made) => Math.max((made - 1) * stride + kernel - side, 0) >> 1;

        const depthwise = (x, layer, y, side, made) => {
            const {packed: w, bias, kernel, stride, out} = layer, before = reach(layer, side, made);
            for (let row = 0, o = 0; row < made; row++) {
                const top = row * stride - before;
                const fromY = Math.max(0, -top), toY = Math.min(kernel, side - top);
                for (let column = 0; column < made; column++, o += out) {
                    const left = column * stride - before;
                    const fromX = Math.max(0, -left), toX = Math.min(kernel, side - left);
                    for (let c = 0; c < out; c += 4) {
                        let a0 = bias[c], a1 = bias[c + 1], a2 = bias[c + 2], a3 = bias[c + 3];
                        for (let ky = fromY; ky < toY; ky++) {
                            let i = ((top + ky) * side + left + fromX) * out + c;
                            let q = (ky * kernel + fromX) * out + c;
                            for (let kx = fromX; kx < toX; kx++, i += out, q += out) {
                                a0 += x[i] * w[q]; a1 += x[i + 1] * w[q + 1];
                                a2 += x[i + 2] * w[q + 2]; a3 += x[i + 3] * w[q + 3];
                            }
                        }
                        y[o + c] = a0; y[o + c + 1] = a1; y[o + c + 2] = a2; y[o + c + 3] = a3;
                    }
                }
            }
        };

        // The pixels under each place of the first kernel, (RGB - 127) / 128, beside each other; 0 outside the picture.
        const unfold = (rgba, layer, y, side, made) => {
            const {kernel, stride} = layer, before = reach(layer, side, made);
            for (let row = 0, o = 0; row < made; row++) {
                for (let column = 0; column < made; column++) {
                    for (let place = 0; place < kernel * kernel; place++, o += 3) {
                        const v = row * stride - before + Math.floor(place / kernel);
                        const u = column * stride - before + place % kernel, i = 4 * (v * side + u);
                        const inside = v >= 0 && v < side && u >= 0 && u < side;
                        for (let c = 0; c < 3; c++) y[o + c] = inside ? (rgba[i + c] - 127) / 128 : 0;
                    }
                }
            }
        };

        // The numbers in the largest of a picture's maps, with room for three positions more.
        const measure = (blocks, side) => Math.max(...blocks.flat().map(({kind, stride, fan, out}) => {
            side = Math.ceil(side / stride);
            return (side * side + 3) * (kind === "full" ? Math.max(fan, out) : out);
        }));

        let blocks, buffers, held = 0;

        const forward = rgba => {
            let side = Math.sqrt(rgba.length / 4), x, width;
            if (side !== held) buffers = [1, 2, 3].map(() => new Float64Array(measure(blocks, side)));
            held = side;
            for (const block of blocks) {
                x = buffers[0];  // where a block begins, which stays as it is until the block's end
                for (const layer of block) {
                    const {kind, stride, fan, packed, bias, out, relu, shortcut} = layer;
                    const y = buffers[x === buffers[1] ? 2 : 1], made = Math.ceil(side / stride);
                    if (kind === "depthwise") {
                        depthwise(x, layer, y, side, made);
                    } else {
                        if (kind === "full") unfold(rgba, layer, x, side, made);
                        pointwise(x, packed, bias, y, made * made, fan, out);
                    }
                    if (relu) clamp(y, made * made * out);
                    if (shortcut) for (let i = 0; i < made * made * out; i++) y[i] += buffers[0][i];
                    [x, side, width] = [y, made, out];
                }
                if (x === buffers[1]) buffers.reverse();  // of the other two the order is of no matter
                buffers = [x, ...buffers.filter(one => one !== x)];
            }
            return new Float32Array(x.subarray(0, side * side * width));
        };

        onmessage = ({data: {weights, rgba, id}}) => {
            if (weights) {
                blocks = load(weights);
                return;
            }
            const begun = performance.now(), maps = forward(rgba);
            postMessage({id, maps, ms: performance.now() - begun}, [maps.buffer]);
        };
    };

    /** Start the network in a worker of its own: `run(rgba)` promises {maps, ms}, the feature maps of the last layer and
     * the milliseconds they took; `stop()` ends it. `weights` are those of try_weights.js. */
    const start = weights => {
        const address = URL.createObjectURL(new Blob([`(${inWorker})()`], {type: "text/javascript"}));
        const worker = new Worker(address), waiting = new Map();
        let last = 0;
        worker.onmessage = ({data: {id, ...answer}}) => {
            waiting.get(id).resolve(answer);
            waiting.delete(id);
        };
        worker.onerror = error => {
            for (const {reject} of waiting.values()) reject(new Error(error.message));
            waiting.clear();
        };
        worker.postMessage({weights});
        return {
            run: rgba => new Promise((resolve, reject) => {
                waiting.set(++last, {resolve, reject});
                worker.postMessage({rgba, id: last});
            }),
            stop: () => {
                worker.terminate();
                URL.revokeObjectURL(address);
            },
        };
    };

    // ---- pictures ----

    // What Pillow's resizing takes for each pixel of a side: from where, and how much of each. `filter` is 0 from
    // `support` on.
    const weigh = (from, to, filter, support) => Array.from({length: to}, (_, place) => {
        const scale = from / to, wide = Math.max(scale, 1), centre = (place + 0.5) * scale;
        const first = Math.max(0, Math.floor(centre - support * wide + 0.5));
        const last = Math.min(from, Math.floor(centre + support * wide + 0.5));
        const shares = Array.from({length: last - first}, (_, i) =>
            filter(Math.abs((first + i - centre + 0.5) / wide)));
        const sum = shares.reduce((a, b) => a + b, 0);
        return {first, shares: Float64Array.from(shares, share => share / sum)};
    });

    const bilinear = x => Math.max(0, 1 - x);
    const bicubic = x => x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((5 - x) * x - 8) * x + 4) / 2 : 0;

    /** A canvas or a bitmap as RGBA bytes of a square, as the library resizes (`data.pictures.resize`): bilinear with
     * antialiasing, the proportions not kept, transparency over white. It is read in bands, so that a large picture
     * needs no canvas of its size. Of a large JPEG the library decodes a fraction of the pixels, which makes a difference
     * of 0.2 of 255 levels on average, and 5 at most. */
    const shrink = (source, size = 224) => {
        const {width, height} = source, across = weigh(width, size, bilinear, 1);
        const down = weigh(height, size, bilinear, 1);
        const band = Math.max(1, Math.min(height, Math.floor(4e6 / width)));
        const canvas = Object.assign(document.createElement("canvas"), {width, height: band});
        const context = canvas.getContext("2d", {willReadFrequently: true});
        const narrow = new Uint8ClampedArray(size * height * 3), square = new Uint8ClampedArray(4 * size * size);
        for (let top = 0; top < height; top += band) {
            const rows = Math.min(band, height - top);
            context.fillStyle = "white";
            context.fillRect(0, 0, width, band);
            context.drawImage(source, 0, top, width, rows, 0, 0, width, rows);
            const {data} = context.getImageData(0, 0, width, rows);
            for (let row = 0, o = 3 * size * top; row < rows; row++) {
                for (const {first, shares} of across) {
                    let red = 0, green = 0, blue = 0;
                    for (let k = 0, i = 4 * (row * width + first); k < shares.length; k++, i += 4) {
                        red += shares[k] * data[i];
                        green += shares[k] * data[i + 1];
                        blue += shares[k] * data[i + 2];
                    }
                    narrow[o++] = red;
                    narrow[o++] = green;
                    narrow[o++] = blue;
                }
            }
        }
        down.forEach(({first, shares}, row) => {
            for (let column = 0; column < size; column++) {
                const o = 4 * (row * size + column);
                for (let c = 0; c < 3; c++) {
                    square[o + c] = shares.reduce((sum, share, k) =>
                        sum + share * narrow[3 * ((first + k) * size + column) + c], 0);
                }
                square[o + 3] = 255;
            }
        });
        return square;
    };

    /** The mirror image of RGBA bytes of a square. */
    const mirror = rgba => {
        const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4), side = Math.sqrt(pixels.length);
        const turned = pixels.map((_, i) => pixels[i - i % side + side - 1 - i % side]);
        return new Uint8ClampedArray(turned.buffer);
    };

    // Where a picture of this ratio, width by height, stands in a square: what it leaves free before it, and its length,
    // along the axis that it does not fill, as `ImageOps.pad` of Pillow has it.
    const fit = (side, ratio) => {
        const round = x => Math.floor(x) % 2 ? Math.round(x) : Math.ceil(x - 0.5);  // a half to the even number
        const length = Math.max(1, round(side * Math.min(ratio, 1 / ratio)));
        return {length, before: round((side - length) / 2)};
    };

    /** A picture as a head's view shows it: "whole" as `shrink` has it, "grey", "padded" in its own proportions on PAPER,
     * or "grey padded". `ratio` is the picture's width by its height. */
    const show = (view, rgba, ratio = 1) => {
        const made = rgba.slice(), side = Math.sqrt(rgba.length / 4);
        if (view.includes("padded")) {
            const {length, before} = fit(side, ratio), taken = weigh(side, length, bicubic, 2);
            const [along, across] = ratio < 1 ? [4, 4 * side] : [4 * side, 4];
            for (let i = 0; i < made.length; i += 4) made.set(PAPER, i);
            taken.forEach(({first, shares}, place) => {
                for (let k = 0; k < side; k++) {
                    for (let c = 0; c < 3; c++) {
                        made[(before + place) * along + k * across + c] = shares.reduce((sum, share, i) =>
                            sum + share * rgba[(first + i) * along + k * across + c], 0);
                    }
                }
            });
        }
        if (view.includes("grey")) {
            for (let i = 0; i < made.length; i += 4) {
                made.fill(LUMA[0] * made[i] + LUMA[1] * made[i + 1] + LUMA[2] * made[i + 2], i, i + 3);
            }
        }
        return made;
    };

    /** Maps of a view as maps of the picture alone, as wide and high as before. Of a padded one each place is the mean of
     * what lies there, and what a channel answers to beside the picture is shared out over its places as the channel's
     * activation is, so that its mean stays. */
    const place = (view, maps, ratio = 1, channels = 1280) => {
        if (!view.includes("padded")) return maps;
        const side = Math.sqrt(maps.length / channels), made = new Float32Array(maps.length);
        const share = Math.min(ratio, 1 / ratio), start = (1 - share) / 2 * side;
        const [along, across] = (ratio < 1 ? [1, side] : [side, 1]).map(step => step * channels);
        const before = new Float64Array(channels), inside = new Float64Array(channels);
        for (let i = 0; i < maps.length; i++) before[i % channels] += maps[i];
        for (let i = 0; i < side; i++) {
            const from = start + i * share, to = from + share;
            for (let j = Math.floor(from); j < Math.min(to, side); j++) {
                const part = (Math.min(to, j + 1) - Math.max(from, j)) / share;
                for (let k = 0; k < side; k++) {
                    for (let c = 0; c < channels; c++) {
                        made[i * along + k * across + c] += part * maps[j * along + k * across + c];
                    }
                }
            }
        }
        for (let i = 0; i < made.length; i++) inside[i % channels] += made[i];
        return made.map((one, i) => inside[i % channels] ? one * before[i % channels] / inside[i % channels]
            : before[i % channels] / side ** 2);
    };

    // ---- answers ----

    const decode = (text, type) => new type(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);

    // As `means.ClassMeans.measure_unlikeness`, of the distance to the nearest of the classes' mean features.
    const measureUnlikeness = (head, features) => {
        if (!head.unlike?.centre) return null; // as a head of an earlier version has none
        const [means, centre] = head.unlike.decoded ??= [decode(head.unlike.means, Int8Array),
            decode(head.unlike.centre, Float32Array)];
        const held = head.unlike.held_out, count = held.length, channels = features.length;
        const norm = Math.hypot(...features), own = features.map((one, k) => one / norm - centre[k]);
        const length = Math.hypot(...own);
        let nearest = -1;
        for (let start = 0; start < means.length; start += channels) {
            const mean = means.subarray(start, start + channels);
            const sum = own.reduce((sum, one, k) => sum + one * mean[k], 0);
            nearest = Math.max(nearest, sum / length / Math.hypot(...mean));
        }
        const distance = Math.sqrt(Math.max(0, 2 - 2 * nearest)), rank = held.filter(one => one < distance).length;
        const below = rank ? held[rank - 1] : 0;
        if (rank < count) return (rank + ((distance - below) / (held[rank] - below) || 0)) / (count + 1);
        const place = (1 - TAIL) * (count - 1), least = Math.floor(place);
        const far = held[least] + (place - least) * ((held[least + 1] ?? held[least]) - held[least]);
        const tail = held.filter(one => one >= far);
        const scale = Math.max(tail.reduce((sum, one) => sum + one - far, 0) / tail.length, 1e-3);
        return (rank - Math.expm1(-(distance - below) / scale)) / (count + 1);
    };

    /** What a head says of feature maps.
     *
     * `head` is one of ARTPOSE_HEADS; `maps` are those of the picture, and `mirrored` of its mirror image, which a head
     * with `mirrored` wants too. Returns
     * - probabilities: one for each class, the logits divided by the head's temperature;
     * - unlike: 0 to 1, as `means.ClassMeans.measure_unlikeness`, or null where the head does not tell;
     * - cams: Float32Array, classes x positions, class by class. They sum over the positions to the class's logit, less
     *   its bias: the logit is a sum over channels of a feature times a weight, and a feature is a mean over positions.
     *   Of a rooted head (`features.root`), whose features are square roots of such means, each channel's part of the
     *   logit is shared out over the positions as the channel's activation is, so that the sum is the same, exactly;
     * - filters: the LOUDEST channels, those that add most to the logit of the likeliest class, as {channel, part}; its
     *   part is of all that is added there. */
    const answer = (head, maps, mirrored) => {
        const classes = head.classes.length, kernel = head.decoded ??= decode(head.kernel, Float32Array);
        const channels = kernel.length / classes, positions = maps.length / channels, side = Math.sqrt(positions);
        const seen = new Float32Array(maps), features = new Float64Array(channels);
        if (mirrored) {
            for (let p = 0; p < positions; p++) {
                const there = channels * (p - p % side + side - 1 - p % side);
                for (let k = 0; k < channels; k++) {
                    seen[p * channels + k] = (maps[p * channels + k] + mirrored[there + k]) / 2;
                }
            }
        }
        for (let p = 0; p < positions; p++) {
            for (let k = 0; k < channels; k++) features[k] += seen[p * channels + k] / positions;
        }
        const mean = Math.max(1e-9, features.reduce((sum, one) => sum + one, 0) / channels);
        // What one of a channel's activations adds to its feature.
        const part = features.map(one => (head.rooted ? (one && Math.sqrt(one / mean) / one) : 1) / positions);
        const cams = new Float32Array(classes * positions);
        for (let p = 0; p < positions; p++) {
            for (let k = 0; k < channels; k++) {
                const adds = seen[p * channels + k] * part[k];
                for (let c = 0; c < classes; c++) cams[c * positions + p] += adds * kernel[k * classes + c];
            }
        }
        const own = features.map((one, k) => one * part[k] * positions);
        const logits = head.bias.map((bias, c) => own.reduce((sum, one, k) => sum + one * kernel[k * classes + c], bias));
        const best = logits.indexOf(Math.max(...logits));
        const odds = logits.map(logit => Math.exp((logit - logits[best]) / head.temperature));
        const all = odds.reduce((sum, one) => sum + one, 0);
        const adds = Array.from(own, (one, k) => one * kernel[k * classes + best]);
        const spoken = adds.reduce((sum, one) => sum + Math.max(one, 0), 0);
        const loudest = [...adds.keys()].sort((a, b) => adds[b] - adds[a]).slice(0, LOUDEST);
        const filters = loudest.map(channel => ({channel, part: adds[channel] / spoken}));
        return {probabilities: odds.map(one => one / all), unlike: measureUnlikeness(head, own), cams, filters};
    };

    return {start, shrink, mirror, show, place, answer};
})();
