namespace FindMe.Faces;

/// <summary>Step 2: a picture → where its faces are.</summary>
/// <remarks>
/// The network was trained on pictures of 512 pixels and knows faces of about 30 to 130 pixels there. So a picture is searched at
/// several sizes, and each pass answers for the faces of that size.
/// </remarks>
internal sealed class FaceDetection : IDisposable
{
    /// <summary>Longest side of the finest pass: a larger picture shows the detector nothing more.</summary>
    public const int FinestSide = 1536;

    // face-api's own threshold of 0.5 misses half of the faces of 32 pixels; below 0.3 mostly foliage and hands are added.
    internal const float MinScore = 0.3f;

    // face-api.js' own, and the default of its options.
    private const float FaceApiMinScore = 0.5f;

    /// <summary>Least score of a face in a picture that was turned by a guess, which is not worth a false alarm.</summary>
    public const float TurnedMinScore = 0.7f;

    // A photo that lies on its side shows faces to the coarse passes at least.
    internal const int TurnedPasses = 3;

    // 22 pixels of 192 and more.
    private const int PortraitPasses = 2;

    // Two boxes that share this much of their union are one face.
    internal const float SameFaceOverlap = 0.4f;

    // A box that lies this deep inside a better one is a part of the same face seen by another pass.
    internal const float InsideShare = 0.8f;

    // What scores less than this, unless it is small, is looked at once more, alone and at the size the network knows best. Animals and
    // things then score below 0.2, faces above 0.45: docs/accuracy.md.
    internal const float SureScore = 0.85f;
    internal const float SecondScore = 0.3f;
    internal const float SmallFace = 48;

    // What fills more of the picture has nothing around it that a second look could add.
    internal const float ClosePortrait = 0.75f;

    // The second look shows this much of the face's longer side in a square of so many pixels: a face of about 70.
    internal const float SecondLookShare = 2.8f;
    internal const int SecondLookSide = 192;

    // More faces than this in one photo are a crowd nobody is looked for in.
    internal const int MaxFaces = 200;

    // Memory grows with the pixels that are searched at once, to about 120 MB with this many. A larger input is searched in strips, which
    // overlap by more than the largest face of the only pass that needs them, and which two processors can share.
    internal const int MaxPixelsAtOnce = 900_000;
    internal const int StripOverlap = 128;

    // Sides of the network's input: whole cells of the second map, so that the first ones need no padding of their own.
    internal const int SideMultiple = 32;

    // Each pass leaves the faces to the next coarser one that are well within its reach: those of more than 22 pixels there. The first is
    // for portraits cut so close that the face fills them: the network wants to see something around a face, be it black.
    internal static readonly Pass[] Passes =
    [
        new(64, AtLeast: 0, MinSize: 28, MaxSize: float.PositiveInfinity, Margin: 32),
        new(192, AtLeast: 0, MinSize: 22, MaxSize: float.PositiveInfinity),
        new(512, AtLeast: 0, MinSize: 22, MaxSize: 260),
        new(FinestSide, AtLeast: 700, MinSize: 0, MaxSize: 120),
    ];

    private readonly SsdNetwork _network;

    private FaceDetection(SsdNetwork network) => _network = network;

    /// <summary>The model's file in the folder of models.</summary>
    public static string FileOf(DetectionKind kind) => kind == DetectionKind.FaceApi ? "ssd_mobilenetv1.onnx" : "ssd_mobilenetv1_int8.onnx";

    /// <exception cref="ModelException">The file is missing or another model.</exception>
    public static FaceDetection Load(string path) => new(SsdNetwork.Load(path));

    /// <summary>Finds the faces of a picture at every size.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="processors">Who helps, where one is idle: the faces are the same.</param>
    /// <param name="cancellationToken">Checked between the passes.</param>
    /// <returns>At most 200 faces, largest score first, clamped into the picture.</returns>
    public List<Detection> Detect(Picture picture, Processors processors, CancellationToken cancellationToken) =>
        Detect(picture, Passes, MinScore, processors, cancellationToken);

    /// <summary>Finds the faces of a portrait: only the passes that answer for faces of a fifth of the picture and more, a tenth of the work.</summary>
    /// <returns>As <see cref="Detect(Picture, Processors, CancellationToken)"/>.</returns>
    public List<Detection> DetectPortrait(Picture picture, Processors processors, CancellationToken cancellationToken) =>
        Detect(picture, Passes.AsSpan(0, PortraitPasses), MinScore, processors, cancellationToken);

    /// <summary>Finds the larger faces of a picture that was turned by a guess: only what is surely a face counts.</summary>
    /// <returns>As <see cref="Detect(Picture, Processors, CancellationToken)"/>.</returns>
    public List<Detection> DetectTurned(Picture picture, Processors processors, CancellationToken cancellationToken) =>
        Detect(picture, Passes.AsSpan(0, TurnedPasses), TurnedMinScore, processors, cancellationToken);

    /// <summary>Finds faces exactly as face-api.js does: one pass over the picture padded to a square of 512, nothing but tfjs' resizing.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="minScore">Least score, 0 to 1.</param>
    public List<Detection> DetectAsFaceApi(Picture picture, float minScore = FaceApiMinScore)
    {
        var side = Math.Max(picture.Width, picture.Height);
        var planes = new float[Picture.Bands * SsdNetwork.TrainedSide * SsdNetwork.TrainedSide];
        Resampling.Resample(
            picture,
            new PixelRectangle(0, 0, picture.Width, picture.Height),
            new PixelRectangle(0, 0, side, side),
            SsdNetwork.TrainedSide,
            SsdNetwork.TrainedSide,
            planes,
            SsdNetwork.TrainedSide,
            SsdNetwork.TrainedSide,
            ResamplingKind.FaceApi);
        var found = new List<Detection>();
        _network.Run(planes, SsdNetwork.TrainedSide, SsdNetwork.TrainedSide, minScore, found);

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
        var scale = (float)SsdNetwork.TrainedSide / side;
        var (padX, padY) = (SsdNetwork.TrainedSide / MathF.Round(picture.Width * scale), SsdNetwork.TrainedSide / MathF.Round(picture.Height * scale));
        return kept.ConvertAll(detection => detection with
        {
            Box = detection.Box
                .ClampTo(SsdNetwork.TrainedSide, SsdNetwork.TrainedSide)
                .Scale(padX * picture.Width / SsdNetwork.TrainedSide, padY * picture.Height / SsdNetwork.TrainedSide),
        });
    }

    public void Dispose() => _network.Dispose();

    private List<Detection> Detect(
        Picture picture, ReadOnlySpan<Pass> passes, float minScore, Processors processors, CancellationToken cancellationToken)
    {
        var strips = new List<Strip>();
        var longSide = Math.Max(picture.Width, picture.Height);
        foreach (var pass in passes)
        {
            if (longSide >= pass.AtLeast)
            {
                AddStrips(picture, pass, strips);
            }
        }

        // The finest first: what is done last should be small, so that nobody waits long for it.
        strips.Reverse();
        var found = processors.Map(strips.Count, strip => Search(picture, strips[strip], minScore), cancellationToken);
        var faces = Distinct([.. Enumerable.Reverse(found).SelectMany(faces => faces)]);
        var doubtful = faces.FindAll(face => IsDoubtful(face, picture));
        var scores = processors.Map(doubtful.Count, face => LookAgain(picture, doubtful[face].Box), cancellationToken);
        faces.RemoveAll(face => doubtful.IndexOf(face) is >= 0 and var index && scores[index] < SecondScore);
        return faces;
    }

    // What a pass looks at: the whole picture, or strips of it from top to bottom.
    private static void AddStrips(Picture picture, Pass pass, List<Strip> all)
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
            all.Add(new Strip(pass, source, width, Math.Max(1, (int)MathF.Round((float)source.Height * height / picture.Height))));
        }
    }

    /// <summary>Searches a strip of the picture: its faces in pixels of the picture.</summary>
    private List<Detection> Search(Picture picture, Strip strip, float minScore)
    {
        var (pass, source, width, height) = strip;
        var (paddedWidth, paddedHeight) = (RoundUp(width + (2 * pass.Margin)), RoundUp(height + (2 * pass.Margin)));
        var length = Picture.Bands * paddedWidth * paddedHeight;
        var buffer = Buffers.Floats.Rent(length);
        try
        {
            var planes = buffer.AsMemory(0, length);
            planes.Span.Clear();
            var unpadded = source with { X = 0, Y = 0 };
            var margin = (pass.Margin * paddedWidth) + pass.Margin;
            Resampling.Resample(picture, source, unpadded, width, height, planes.Span[margin..], paddedWidth, paddedHeight, ResamplingKind.Smooth);

            var found = new List<Detection>();
            _network.Run(planes, paddedWidth, paddedHeight, minScore, found);
            var (scaleX, scaleY) = ((float)source.Width / width, (float)source.Height / height);
            var faces = new List<Detection>(found.Count);
            foreach (var face in found)
            {
                var size = Math.Max(face.Box.Width, face.Box.Height);
                var box = (face.Box with { X = face.Box.X - pass.Margin, Y = face.Box.Y - pass.Margin }).Scale(scaleX, scaleY);
                box = (box with { Y = box.Y + source.Y }).ClampTo(picture.Width, picture.Height);
                if (size >= pass.MinSize && size <= pass.MaxSize && box.Area > 0)
                {
                    faces.Add(face with { Box = box });
                }
            }

            return faces;
        }
        finally
        {
            Buffers.Floats.Return(buffer);
        }
    }

    private static bool IsDoubtful(Detection face, Picture picture) =>
        face.Score < SureScore
        && Math.Max(face.Box.Width, face.Box.Height) >= SmallFace
        && Math.Max(face.Box.Width / picture.Width, face.Box.Height / picture.Height) <= ClosePortrait;

    /// <summary>The score of a face in a picture of itself and little else.</summary>
    private float LookAgain(Picture picture, Box box)
    {
        var size = Math.Max(4, (int)MathF.Round(Math.Max(box.Width, box.Height) * SecondLookShare));
        var (left, top) = ((int)MathF.Round(box.Centre.X - (size / 2f)), (int)MathF.Round(box.Centre.Y - (size / 2f)));
        var (x, y) = (Math.Max(0, left), Math.Max(0, top));
        var crop = new PixelRectangle(x, y, Math.Min(picture.Width, left + size) - x, Math.Min(picture.Height, top + size) - y);
        const int length = Picture.Bands * SecondLookSide * SecondLookSide;
        var planes = Buffers.Floats.Rent(length);
        try
        {
            Resampling.Resample(
                picture,
                crop,
                new PixelRectangle(x - left, y - top, size, size),
                SecondLookSide,
                SecondLookSide,
                planes,
                SecondLookSide,
                SecondLookSide,
                ResamplingKind.Smooth);
            var found = new List<Detection>();
            _network.Run(planes.AsMemory(0, length), SecondLookSide, SecondLookSide, SecondScore, found);
            var scale = (float)SecondLookSide / size;
            var expected = new Box((box.X - left) * scale, (box.Y - top) * scale, box.Width * scale, box.Height * scale);
            return found.Where(face => face.Box.OverlapWith(expected) > SameFaceOverlap).Select(face => face.Score).DefaultIfEmpty(0).Max();
        }
        finally
        {
            Buffers.Floats.Return(planes);
        }
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

    private static int RoundUp(int size) => (size + SideMultiple - 1) / SideMultiple * SideMultiple;

    /// <summary>One search of the picture.</summary>
    /// <param name="Side">Longest side the picture is brought to.</param>
    /// <param name="AtLeast">Least long side of a picture for which the pass is made.</param>
    /// <param name="MinSize">Least longer side of a box this pass answers for, in its pixels.</param>
    /// <param name="MaxSize">The largest such side.</param>
    /// <param name="Margin">Black pixels around the picture.</param>
    internal sealed record Pass(int Side, int AtLeast, float MinSize, float MaxSize, int Margin = 0);

    /// <summary>A part of the picture that is searched at once.</summary>
    /// <param name="Pass">The search it belongs to.</param>
    /// <param name="Source">The part, in pixels of the picture.</param>
    /// <param name="Width">Width it is brought to.</param>
    /// <param name="Height">Height it is brought to.</param>
    private sealed record Strip(Pass Pass, PixelRectangle Source, int Width, int Height);
}
