namespace FindMe.Faces;

/// <summary>Step 2: picture → boxes of its faces.</summary>
/// <remarks>
/// The model was trained on pictures of 512 pixels and finds faces of about 30 to 130 pixels in them. So we search the picture at several
/// sizes, and each pass reports the faces of its range.
/// </remarks>
internal sealed class FaceDetection : IDisposable
{
    private const string SmallFacesFile = "ssd_mobilenetv1_int8_small_faces.onnx";

    /// <summary>Longest side of the finest pass, in pixels. Larger pictures do not improve detection.</summary>
    public const int FinestSide = 1536;

    // The 0.5 of face-api.js misses half of the faces of 32 pixels; below 0.3 mostly foliage and hands are added.
    internal const float MinScore = 0.3f;

    // Default of face-api.js.
    private const float FaceApiMinScore = 0.5f;

    /// <summary>Minimum score of a face when the picture is rotated on a guess; higher, to avoid false positives.</summary>
    public const float RotatedMinScore = 0.7f;

    // The coarse passes suffice to tell whether a photo is rotated by 90°.
    internal const int RotatedPasses = 3;

    // These passes find faces of at least 22 of 192 pixels.
    private const int PortraitPasses = 2;

    // Boxes whose intersection over union exceeds this are one face.
    internal const float SameFaceOverlap = 0.4f;

    // A box with more than this share of its area inside a better one is a part of the same face, found by another pass.
    internal const float InsideShare = 0.8f;

    // Faces that score less than SureScore, except small ones, get a second look: alone, at the size the model detects best. Animals and
    // things then score below 0.2, faces above 0.45 (docs/accuracy.md). SmallFace is in pixels.
    internal const float SureScore = 0.85f;
    internal const float SecondScore = 0.3f;
    internal const float SmallFace = 48;

    // No second look for faces that fill more than this share of the picture: there is nothing more around them to show.
    internal const float ClosePortrait = 0.75f;

    // The second look crops a square of 2.8 times the face's longer side and resizes it to 192 pixels, so that the face has about 70.
    internal const float SecondLookShare = 2.8f;
    internal const int SecondLookSide = 192;

    // Faces kept per photo, the best first; bounds the work for pictures of crowds.
    internal const int MaxFaces = 200;

    // Memory grows with the pixels of one input, to about 80 MB at this limit. Larger inputs are split into strips, which processors share.
    // Strips overlap by more than the largest face of the only pass that needs them.
    internal const int MaxPixelsAtOnce = 1_000_000;
    internal const int StripOverlap = 128;

    // The sides of the model's input are multiples of a cell of the second feature map, so that the first two maps need no padding.
    internal const int SideMultiple = 32;

    // Each pass skips faces that the next coarser one finds well, with more than 22 pixels. The first pass is for portraits that a face fills
    // entirely: the model needs a margin around a face, even a black one.
    internal static readonly Pass[] Passes =
    [
        new(64, AtLeast: 0, MinSize: 28, MaxSize: float.PositiveInfinity, Margin: 32),
        new(192, AtLeast: 0, MinSize: 22, MaxSize: float.PositiveInfinity),
        new(512, AtLeast: 0, MinSize: 22, MaxSize: 260),
        new(FinestSide, AtLeast: 700, MinSize: 0, MaxSize: 120, SmallFaces: true),
    ];

    private readonly SsdModel _model;

    // Null for face-api.js, which makes no passes.
    private readonly SsdModel? _smallFaces;

    private FaceDetection(SsdModel model, SsdModel? smallFaces) => (_model, _smallFaces) = (model, smallFaces);

    /// <summary>Returns the file name of the model for all sizes of faces.</summary>
    public static string FileOf(DetectionKind kind) => kind == DetectionKind.FaceApi ? "ssd_mobilenetv1.onnx" : "ssd_mobilenetv1_int8.onnx";

    /// <summary>Loads the models.</summary>
    /// <param name="folder">Folder of the models.</param>
    /// <param name="kind">How faces are detected.</param>
    /// <exception cref="ModelException">A file is missing, damaged or another model.</exception>
    public static FaceDetection Load(string folder, DetectionKind kind)
    {
        // Strips are searched in parallel. face-api.js' single pass can only be shared inside the model.
        var model = SsdModel.Load(Path.Combine(folder, FileOf(kind)), kind == DetectionKind.EverySize ? 1 : Environment.ProcessorCount);
        try
        {
            return new FaceDetection(model, kind == DetectionKind.EverySize ? SsdModel.LoadSmallFaces(Path.Combine(folder, SmallFacesFile)) : null);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Finds faces of all sizes.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="processors">Idle processors share the work; the result does not depend on their number.</param>
    /// <param name="cancellationToken">Checked between the passes.</param>
    /// <returns>At most 200 faces, highest score first, clipped to the picture.</returns>
    public List<Detection> Detect(Picture picture, Processors processors, CancellationToken cancellationToken) =>
        Detect(picture, Passes, MinScore, processors, cancellationToken);

    /// <summary>Finds large faces in a portrait with the coarsest passes only, a tenth of the work.</summary>
    /// <returns>As <see cref="Detect(Picture, Processors, CancellationToken)"/>.</returns>
    public List<Detection> DetectPortrait(Picture picture, Processors processors, CancellationToken cancellationToken) =>
        Detect(picture, Passes.AsSpan(0, PortraitPasses), MinScore, processors, cancellationToken);

    /// <summary>Finds the larger faces in a picture that was rotated on a guess; reports only faces with a high score.</summary>
    /// <returns>As <see cref="Detect(Picture, Processors, CancellationToken)"/>.</returns>
    public List<Detection> DetectRotated(Picture picture, Processors processors, CancellationToken cancellationToken) =>
        Detect(picture, Passes.AsSpan(0, RotatedPasses), RotatedMinScore, processors, cancellationToken);

    /// <summary>Finds faces exactly as face-api.js does: one pass over the picture, padded to a square and resized to 512 pixels as in tfjs.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="minScore">Minimum score, 0 to 1.</param>
    public List<Detection> DetectAsFaceApi(Picture picture, float minScore = FaceApiMinScore)
    {
        var side = Math.Max(picture.Width, picture.Height);
        const int length = Picture.Bands * SsdModel.TrainedSide * SsdModel.TrainedSide;
        var planes = Buffers.Floats.Rent(length);
        var found = new List<Detection>();
        try
        {
            Resampling.Resample(
                picture,
                new PixelRectangle(0, 0, picture.Width, picture.Height),
                new PixelRectangle(0, 0, side, side),
                SsdModel.TrainedSide,
                SsdModel.TrainedSide,
                planes,
                SsdModel.TrainedSide,
                SsdModel.TrainedSide,
                ResamplingKind.FaceApi);
            _model.Run(planes.AsMemory(0, length), SsdModel.TrainedSide, SsdModel.TrainedSide, minScore, found);
        }
        finally
        {
            Buffers.Floats.Return(planes);
        }

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

        // face-api.js rounds the sides of the unpadded picture to whole pixels and stretches the boxes by that rounding.
        var scale = (float)SsdModel.TrainedSide / side;
        var (padX, padY) = (SsdModel.TrainedSide / MathF.Round(picture.Width * scale), SsdModel.TrainedSide / MathF.Round(picture.Height * scale));
        return kept.ConvertAll(detection => detection with
        {
            Box = detection.Box
                .ClampTo(SsdModel.TrainedSide, SsdModel.TrainedSide)
                .Scale(padX * picture.Width / SsdModel.TrainedSide, padY * picture.Height / SsdModel.TrainedSide),
        });
    }

    public void Dispose()
    {
        _model.Dispose();
        _smallFaces?.Dispose();
    }

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

        // Start with the finest, longest strips, so that only short ones remain when processors run out of work.
        strips.Reverse();
        var found = processors.Map(strips.Count, strip => Search(picture, strips[strip], minScore), cancellationToken);
        var faces = Distinct([.. Enumerable.Reverse(found).SelectMany(faces => faces)]);
        var doubtful = faces.FindAll(face => IsDoubtful(face, picture));
        var scores = processors.Map(doubtful.Count, face => LookAgain(picture, doubtful[face].Box), cancellationToken);
        faces.RemoveAll(face => doubtful.IndexOf(face) is >= 0 and var index && scores[index] < SecondScore);
        return faces;
    }

    // Adds the picture as a whole, or as strips from top to bottom.
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
            // Start and end at whole pixels of the picture, so that a strip is resampled as in the whole picture.
            var top = strip * (rows - StripOverlap);
            var sourceTop = (int)((long)top * picture.Height / height);
            var sourceBottom = Math.Min(picture.Height, (int)((((long)top + rows) * picture.Height / height) + 1));
            var source = new PixelRectangle(0, sourceTop, picture.Width, sourceBottom - sourceTop);
            all.Add(new Strip(pass, source, width, Math.Max(1, (int)MathF.Round((float)source.Height * height / picture.Height))));
        }
    }

    /// <summary>Finds the faces in a strip; their boxes are in pixels of the picture.</summary>
    private List<Detection> Search(Picture picture, Strip strip, float minScore)
    {
        var (pass, source, width, height) = strip;
        var found = pass.SmallFaces ? RunSmallFaces(picture, strip, minScore) : Run(picture, strip, minScore);
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

    /// <summary>Runs the model of all sizes of faces; the boxes are in pixels of its input.</summary>
    private List<Detection> Run(Picture picture, Strip strip, float minScore)
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
            _model.Run(planes, paddedWidth, paddedHeight, minScore, found);
            return found;
        }
        finally
        {
            Buffers.Floats.Return(buffer);
        }
    }

    /// <summary>Runs the model of small faces; the boxes are in pixels of its input.</summary>
    private List<Detection> RunSmallFaces(Picture picture, Strip strip, float minScore)
    {
        var (_, source, width, height) = strip;
        var (paddedWidth, paddedHeight) = (RoundUp(width), RoundUp(height));
        var length = Resampling.BytesPerPixel * paddedWidth * paddedHeight;
        var buffer = Buffers.Bytes.Rent(length);
        try
        {
            var pixels = buffer.AsMemory(0, length);
            Resampling.ResampleToBytes(picture, source, width, height, pixels.Span, paddedWidth);
            var found = new List<Detection>();
            _smallFaces!.Run(pixels, paddedWidth, paddedHeight, minScore, found);
            return found;
        }
        finally
        {
            Buffers.Bytes.Return(buffer);
        }
    }

    private static bool IsDoubtful(Detection face, Picture picture) =>
        face.Score < SureScore
        && Math.Max(face.Box.Width, face.Box.Height) >= SmallFace
        && Math.Max(face.Box.Width / picture.Width, face.Box.Height / picture.Height) <= ClosePortrait;

    /// <summary>Returns the score of a face in a crop around it.</summary>
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
            _model.Run(planes.AsMemory(0, length), SecondLookSide, SecondLookSide, SecondScore, found);
            var scale = (float)SecondLookSide / size;
            var expected = new Box((box.X - left) * scale, (box.Y - top) * scale, box.Width * scale, box.Height * scale);
            return found.Where(face => face.Box.OverlapWith(expected) > SameFaceOverlap).Select(face => face.Score).DefaultIfEmpty(0).Max();
        }
        finally
        {
            Buffers.Floats.Return(planes);
        }
    }

    // Non-maximum suppression: keeps the box with the highest score per face, and removes boxes that overlap it or lie inside it.
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

    /// <summary>One search of the picture at a given size.</summary>
    /// <param name="Side">Longest side to which the picture is resized, in pixels.</param>
    /// <param name="AtLeast">Skip the pass for pictures with a shorter longest side.</param>
    /// <param name="MinSize">Minimum longer side of a reported box, in pixels of the resized picture.</param>
    /// <param name="MaxSize">Maximum longer side of a reported box, in pixels of the resized picture.</param>
    /// <param name="Margin">Black pixels around the picture.</param>
    /// <param name="SmallFaces">Whether only the first feature map counts, which detects the smallest faces; without a margin.</param>
    internal sealed record Pass(int Side, int AtLeast, float MinSize, float MaxSize, int Margin = 0, bool SmallFaces = false);

    /// <summary>A part of the picture that is searched with one run of the model.</summary>
    /// <param name="Pass">The pass it belongs to.</param>
    /// <param name="Source">The part, in pixels of the picture.</param>
    /// <param name="Width">Width to which it is resized.</param>
    /// <param name="Height">Height to which it is resized.</param>
    private sealed record Strip(Pass Pass, PixelRectangle Source, int Width, int Height);
}
