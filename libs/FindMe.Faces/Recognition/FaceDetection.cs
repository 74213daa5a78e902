namespace FindMe.Faces;

/// <summary>A face as the detector sees it, in pixels of the picture that was searched.</summary>
internal readonly record struct Detection(Box Box, float Score);

/// <summary>Step 2: a picture → where its faces are.</summary>
/// <remarks>
/// The network was trained on pictures of 512 pixels and knows faces of about 30 to 130 pixels there. So a picture is searched at
/// several sizes, and each pass answers for the faces of that size.
/// </remarks>
internal sealed class FaceDetection : IDisposable
{
    /// <summary>Longest side of the finest pass: a larger picture shows the detector nothing more.</summary>
    public const int FinestSide = 1536;

    // What face-api.js feeds the network, and the size its anchors are given for.
    private const int TrainedSide = 512;

    // Layers of the network halve the picture four times before the first of six maps, and once more for each of the others.
    private const int FirstStride = 16;
    private const int Layers = 6;

    // Variances of the SSD encoding: https://github.com/tensorflow/models/blob/master/research/object_detection/box_coders/faster_rcnn_box_coder.py
    private const float CentreVariance = 10;
    private const float SizeVariance = 5;

    // face-api's own threshold of 0.5 misses half of the faces of 32 pixels; below 0.3 mostly foliage and hands are added.
    private const float MinScore = 0.3f;

    // Two boxes that share this much of their union are one face.
    private const float SameFaceOverlap = 0.4f;

    // A box that lies this deep inside a better one is a part of the same face seen by another pass.
    private const float InsideShare = 0.8f;

    // More faces than this in one photo are a crowd nobody is looked for in.
    private const int MaxFaces = 200;

    // Memory grows with the pixels that are searched at once, to about 120 MB with this many. A larger input is searched in strips,
    // which overlap by more than the largest face of the only pass that needs them.
    private const int MaxPixelsAtOnce = 900_000;
    private const int StripOverlap = 128;

    // Each pass leaves the faces to the next coarser one that are well within its reach: those of more than 22 pixels there.
    private static readonly Pass[] Passes =
    [
        new(192, AtLeast: 0, MinSize: 22, MaxSize: float.PositiveInfinity),
        new(512, AtLeast: 0, MinSize: 22, MaxSize: 260),
        new(FinestSide, AtLeast: 700, MinSize: 0, MaxSize: 120),
    ];

    // [layer][anchor]: height and width in pixels of the network's input.
    private static readonly (float Height, float Width)[][] Anchors = CreateAnchors();

    private readonly ModelFile _model;

    private FaceDetection(ModelFile model) => _model = model;

    /// <exception cref="ModelException">The file is missing or another model.</exception>
    public static FaceDetection Load(string path) => new(ModelFile.Load(
        path,
        new ModelFile.Tensor("image", -1, 3, -1, -1),
        new ModelFile.Tensor("boxes", -1, -1, 4),
        new ModelFile.Tensor("scores", -1, -1)));

    /// <summary>Finds the faces of a picture at every size.</summary>
    /// <returns>At most 200 faces, largest score first, clamped into the picture.</returns>
    public List<Detection> Detect(Picture picture, CancellationToken cancellationToken)
    {
        var found = new List<Detection>();
        var longSide = Math.Max(picture.Width, picture.Height);
        foreach (var pass in Passes)
        {
            if (longSide < pass.AtLeast)
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            Search(picture, pass, found);
        }

        return Distinct(found);
    }

    /// <summary>Finds faces exactly as face-api.js does: one pass over the picture padded to a square of 512, nothing but tfjs' resizing.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="minScore">Least score, 0 to 1.</param>
    public List<Detection> DetectAsFaceApi(Picture picture, float minScore)
    {
        var side = Math.Max(picture.Width, picture.Height);
        var planes = new float[Picture.Bands * TrainedSide * TrainedSide];
        Resampling.Resample(
            picture,
            new PixelRectangle(0, 0, picture.Width, picture.Height),
            new PixelRectangle(0, 0, side, side),
            TrainedSide,
            TrainedSide,
            planes,
            TrainedSide,
            TrainedSide,
            ResamplingKind.FaceApi);
        var found = new List<Detection>();
        Run(planes, TrainedSide, TrainedSide, minScore, found);

        const float faceApiOverlap = 0.5f;
        const int faceApiMaxFaces = 100;
        found.Sort((a, b) => b.Score.CompareTo(a.Score));
        var kept = new List<Detection>();
        foreach (var detection in found)
        {
            if (kept.Count < faceApiMaxFaces && kept.TrueForAll(other => other.Box.OverlapWith(detection.Box) <= faceApiOverlap))
            {
                kept.Add(detection);
            }
        }

        // Its squared, padded picture has sides of whole pixels, and the box is stretched by what rounding took from them.
        var scale = (float)TrainedSide / side;
        var (padX, padY) = (TrainedSide / MathF.Round(picture.Width * scale), TrainedSide / MathF.Round(picture.Height * scale));
        return kept.ConvertAll(detection => detection with
        {
            Box = detection.Box
                .ClampTo(TrainedSide, TrainedSide)
                .Scale(padX * picture.Width / TrainedSide, padY * picture.Height / TrainedSide),
        });
    }

    public void Dispose() => _model.Dispose();

    private void Search(Picture picture, Pass pass, List<Detection> found)
    {
        var longSide = Math.Max(picture.Width, picture.Height);
        var width = Math.Max(1, (int)MathF.Round((float)picture.Width * pass.Side / longSide));
        var height = Math.Max(1, (int)MathF.Round((float)picture.Height * pass.Side / longSide));
        var maxRows = Math.Max(2 * StripOverlap, MaxPixelsAtOnce / width);
        var strips = height <= maxRows ? 1 : 1 + (int)MathF.Ceiling((float)(height - maxRows) / (maxRows - StripOverlap));
        var rows = (height + ((strips - 1) * StripOverlap) + strips - 1) / strips;
        for (var strip = 0; strip < strips; strip++)
        {
            // Whole pixels of the picture, so that a strip is resampled like the whole.
            var top = strip * (rows - StripOverlap);
            var sourceTop = (int)((long)top * picture.Height / height);
            var sourceBottom = Math.Min(picture.Height, (int)((((long)top + rows) * picture.Height / height) + 1));
            var source = new PixelRectangle(0, sourceTop, picture.Width, sourceBottom - sourceTop);
            Search(picture, source, width, Math.Max(1, (int)MathF.Round((float)source.Height * height / picture.Height)), pass, found);
        }
    }

    /// <summary>Searches a strip of the picture and adds its faces in pixels of the picture.</summary>
    private void Search(Picture picture, PixelRectangle source, int width, int height, Pass pass, List<Detection> found)
    {
        var (paddedWidth, paddedHeight) = (RoundUp(width), RoundUp(height));
        var length = Picture.Bands * paddedWidth * paddedHeight;
        var buffer = Buffers.Floats.Rent(length);
        try
        {
            var planes = buffer.AsMemory(0, length);
            planes.Span.Clear();
            var unpadded = source with { X = 0, Y = 0 };
            Resampling.Resample(picture, source, unpadded, width, height, planes.Span, paddedWidth, paddedHeight, ResamplingKind.Smooth);

            var first = found.Count;
            Run(planes, paddedWidth, paddedHeight, MinScore, found);
            var (scaleX, scaleY) = ((float)source.Width / width, (float)source.Height / height);
            var kept = first;
            for (var i = first; i < found.Count; i++)
            {
                var size = Math.Max(found[i].Box.Width, found[i].Box.Height);
                var box = found[i].Box.Scale(scaleX, scaleY);
                box = (box with { Y = box.Y + source.Y }).ClampTo(picture.Width, picture.Height);
                if (size >= pass.MinSize && size <= pass.MaxSize && box.Area > 0)
                {
                    found[kept++] = found[i] with { Box = box };
                }
            }

            found.RemoveRange(kept, found.Count - kept);
        }
        finally
        {
            Buffers.Floats.Return(buffer);
        }
    }

    /// <summary>Runs the network over [1, 3, height, width] and adds what scores at least <paramref name="minScore"/>, in its pixels.</summary>
    private void Run(Memory<float> planes, int width, int height, float minScore, List<Detection> found)
    {
        using var outputs = _model.Run(planes, 1, Picture.Bands, height, width);
        var boxes = outputs[0].GetTensorDataAsSpan<float>();
        var scores = outputs[1].GetTensorDataAsSpan<float>();
        var index = 0;
        var (columns, rows) = (Halve(width, times: 4), Halve(height, times: 4));
        for (var layer = 0; layer < Layers; layer++)
        {
            var anchors = Anchors[layer];
            var stride = FirstStride << layer;
            for (var cell = 0; cell < rows * columns; cell++)
            {
                foreach (var anchor in anchors)
                {
                    if (scores[index] > minScore)
                    {
                        var (x, y) = (((cell % columns) + 0.5f) * stride, ((cell / columns) + 0.5f) * stride);
                        found.Add(new Detection(Decode(boxes.Slice(index * 4, 4), anchor, x, y), scores[index]));
                    }

                    index++;
                }
            }

            (columns, rows) = (Halve(columns, times: 1), Halve(rows, times: 1));
        }
    }

    private static Box Decode(ReadOnlySpan<float> encoded, (float Height, float Width) anchor, float x, float y)
    {
        var centreY = (encoded[0] / CentreVariance * anchor.Height) + y;
        var centreX = (encoded[1] / CentreVariance * anchor.Width) + x;
        var halfHeight = MathF.Exp(encoded[2] / SizeVariance) * anchor.Height / 2;
        var halfWidth = MathF.Exp(encoded[3] / SizeVariance) * anchor.Width / 2;
        return Box.FromEdges(centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight);
    }

    // One box a face: the best stays, what overlaps it or lies inside of it goes.
    private static List<Detection> Distinct(List<Detection> found)
    {
        found.Sort((a, b) => b.Score.CompareTo(a.Score));
        var kept = new List<Detection>();
        foreach (var detection in found)
        {
            if (kept.Count == MaxFaces)
            {
                break;
            }

            if (!kept.Exists(other => IsSameFace(other.Box, detection.Box)))
            {
                kept.Add(detection);
            }
        }

        return kept;
    }

    private static bool IsSameFace(Box a, Box b)
    {
        var intersection = a.IntersectionWith(b);
        return intersection > SameFaceOverlap * (a.Area + b.Area - intersection)
            || intersection > InsideShare * Math.Min(a.Area, b.Area);
    }

    // The anchors of the weights' own table, from the rule they follow: SSD's (https://arxiv.org/abs/1512.02325, 2.2), with the square
    // of in-between size second.
    private static (float Height, float Width)[][] CreateAnchors()
    {
        var layers = new (float, float)[Layers][];
        layers[0] = [Anchor(0.1, 1), Anchor(0.2, 2), Anchor(0.2, 0.5)];
        for (var layer = 1; layer < Layers; layer++)
        {
            var size = Size(layer);
            var next = layer == Layers - 1 ? 1 : Size(layer + 1);
            layers[layer] =
            [
                Anchor(size, 1),
                Anchor(Math.Sqrt(size * next), 1),
                Anchor(size, 2),
                Anchor(size, 0.5),
                Anchor(size, 3),
                Anchor(size, 1.0 / 3),
            ];
        }

        return layers;

        static double Size(int layer) => 0.2 + (0.75 * layer / (Layers - 1));

        static (float, float) Anchor(double size, double ratio) =>
            ((float)(TrainedSide * size / Math.Sqrt(ratio)), (float)(TrainedSide * size * Math.Sqrt(ratio)));
    }

    private static int Halve(int size, int times)
    {
        for (var i = 0; i < times; i++)
        {
            size = (size + 1) / 2;
        }

        return size;
    }

    // Whole cells of the second map, so that the first ones need no padding of their own.
    private static int RoundUp(int size) => (size + 31) / 32 * 32;

    /// <summary>One search of the picture.</summary>
    /// <param name="Side">Longest side the picture is brought to.</param>
    /// <param name="AtLeast">Least long side of a picture for which the pass is made.</param>
    /// <param name="MinSize">Least longer side of a box this pass answers for, in its pixels.</param>
    /// <param name="MaxSize">The largest such side.</param>
    private sealed record Pass(int Side, int AtLeast, float MinSize, float MaxSize);
}
