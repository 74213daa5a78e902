using System.Runtime.ExceptionServices;

namespace FindMe.Faces;

/// <summary>Finds faces in photos and compares them with a person's.</summary>
/// <remarks>
/// One engine serves all threads; models and buffers are shared. Photos are worked on in parallel, but never more of them at once than
/// the machine has processors: further callers wait, which bounds the memory. A processor that is idle helps with another's photo.
/// </remarks>
public sealed class FaceEngine : IDisposable
{
    /// <summary>Longest side, in pixels, at which photos are looked at: a larger version of a photo brings nothing beyond it.</summary>
    /// <remarks>
    /// Cameras' 12 and 24 megapixels (4,000 to 6,032 pixels wide) are exactly half or a third of this or a little more, which a JPEG
    /// decoder does for nothing; and a face that fills a 50th of it still has all the pixels a chip wants.
    /// </remarks>
    public const int WorkingSide = 2_000;

    // Of faces of 20 pixels one in four is matched (docs/accuracy.md): a picture this small shows nobody who could be told.
    internal const int SmallestSide = 16;

    // 19 of 20 faces in Labeled Faces in the Wild have less than 7 (pixels of a chip of 112), faces on their side more than 10.
    internal const float UprightMisfit = 8;

    // Of 120 portraits of LFW 110 score more, and of the same on their side, 9 of which passed for upright faces, none (0.89 at most).
    internal const float SureUprightScore = 0.95f;

    private readonly FaceEngineOptions _options;
    private readonly RecognitionRecipe _recipe;
    private readonly FaceComparison _comparison;
    private readonly FaceDetection _detection;
    private readonly LandmarkDetection _landmarks;
    private readonly FaceRecognition _recognition;
    private readonly Processors _processors = new();
    private readonly SemaphoreSlim _places;

    private FaceEngine(
        FaceEngineOptions options, RecognitionRecipe recipe, FaceDetection detection, LandmarkDetection landmarks, FaceRecognition recognition)
    {
        _options = options;
        _recipe = recipe;
        _comparison = new FaceComparison(
            options.MatchDistance ?? recipe.MatchDistance, options.MaybeDistance ?? recipe.MaybeDistance, recipe.Confidence);
        _detection = detection;
        _landmarks = landmarks;
        _recognition = recognition;
        _places = new SemaphoreSlim(options.PhotosAtOnce > 0 ? options.PhotosAtOnce : Environment.ProcessorCount);
    }

    /// <summary>Name of the <see cref="System.Diagnostics.ActivitySource"/> whose activities are the steps of a photo.</summary>
    public const string ActivitySourceName = Stages.SourceName;

    /// <summary>Names the model and the alignment that make an embedding: only embeddings of the same recipe can be compared.</summary>
    public string Recipe => _recipe.Identity;

    /// <summary>Numbers of an embedding that this engine makes.</summary>
    public int EmbeddingLength => _recipe.Output.Length;

    /// <summary>What was set.</summary>
    internal FaceEngineOptions Options => _options;

    /// <summary>The recipe itself.</summary>
    internal RecognitionRecipe RecognitionRecipe => _recipe;

    /// <summary>Embeds faces of pictures that were changed on purpose.</summary>
    internal FaceRecognition Recognition => _recognition;

    /// <summary>Largest distance of a <see cref="MatchKind.Match"/>.</summary>
    public float MatchDistance => _comparison.MatchDistance;

    /// <summary>Largest distance of a <see cref="MatchKind.Maybe"/>.</summary>
    public float MaybeDistance => _comparison.MaybeDistance;

    /// <summary>Beyond this distance two photos show two people, 0 to 2: 1.26 with the recipe <c>default</c>.</summary>
    /// <remarks>docs/accuracy.md says what it was measured on: in no group are more than 1 % of the pairs of one person farther apart.</remarks>
    public float OtherPersonDistance => Math.Max(_recipe.OtherPersonDistance, MatchDistance);

    /// <summary>Probability, 0 to 1, that a face at a distance is the person's: the calibrated curve of the recipe.</summary>
    public float ConfidenceAt(float distance) => _comparison.ConfidenceAt(distance);

    /// <summary>Loads the models; takes a few tenths of a second.</summary>
    /// <param name="options">Where they are, and the limits; read once.</param>
    /// <exception cref="ModelException">A model is missing, broken, or another one; the message names it and says what to do.</exception>
    public static FaceEngine Load(FaceEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        NativeHeap.Bound();

        // Failures surface when the first model uses it.
        _ = Task.Run(Arena.Prepare);
        var folder = ModelFolder.Find(options.ModelsPath);
        var recipe = RecognitionRecipe.Load(Path.Combine(folder, $"{options.Recipe}.json"));
        var (detection, landmarks, recognition) = ((FaceDetection?)null, (LandmarkDetection?)null, (FaceRecognition?)null);
        try
        {
            // Each takes up to 100 ms, mostly single-threaded.
            Parallel.Invoke(
                () => detection = FaceDetection.Load(Path.Combine(folder, FaceDetection.FileOf(recipe.Detection))),
                () => recognition = FaceRecognition.Load(folder, recipe),
                () => landmarks = LandmarkDetection.Load(Path.Combine(folder, LandmarkDetection.File)),
                PhotoDecoding.Prepare);
            return new FaceEngine(options, recipe, detection!, landmarks!, recognition!);
        }
        catch (AggregateException exception)
        {
            detection?.Dispose();
            landmarks?.Dispose();
            recognition?.Dispose();
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
            throw;
        }
    }

    /// <summary>Whether the next caller of <see cref="EnterAsync"/> has to wait.</summary>
    public bool IsFull => _places.CurrentCount == 0;

    /// <summary>
    /// Waits, without holding a thread, until one more photo may be worked on: a server's way to the methods below, which hold their thread
    /// until they are done.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Keeps the place until it is disposed.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken = default)
    {
        await _places.WaitAsync(cancellationToken);
        return new Place(_places);
    }

    /// <summary>Waits as <see cref="EnterAsync"/> does, then works on a thread of the pool.</summary>
    /// <param name="work">What is done with this engine, on one photo.</param>
    /// <param name="cancellationToken">Gives up waiting; work that has begun looks at it by itself.</param>
    /// <returns>What <paramref name="work"/> returns; what it throws is thrown.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<T> RunAsync<T>(Func<FaceEngine, T> work, CancellationToken cancellationToken = default)
    {
        using var place = await EnterAsync(cancellationToken);
        return await Task.Run(() => work(this), cancellationToken);
    }

    /// <summary>Finds every face of a photo.</summary>
    /// <param name="photo">The encoded photo: JPEG, PNG, WebP, GIF (its first frame), AVIF or TIFF. Not changed.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The faces, in pixels of the upright full-size photo.</returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public AnalyzedPhoto Analyze(ReadOnlyMemory<byte> photo, CancellationToken cancellationToken = default)
    {
        using var processor = _processors.Enter(cancellationToken);
        using var picture = Decode(photo, cancellationToken);
        return new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
    }

    /// <summary>Finds every face of a picture that is decoded already, such as a frame of a video.</summary>
    /// <param name="pixels">The picture, upright; not changed.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The faces, in pixels of the picture.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public AnalyzedPhoto Analyze(PhotoPixels pixels, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        using var processor = _processors.Enter(cancellationToken);
        using var picture = Picture.CopyOf(pixels);
        return new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
    }

    /// <summary>Finds the large faces of a portrait, a picture cut around a face: quicker than <see cref="Analyze(PhotoPixels, CancellationToken)"/>.</summary>
    /// <param name="portrait">The picture, upright; not changed.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>Faces of at least an eighth of the picture's longer side, largest score first.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public IReadOnlyList<DetectedFace> FindPortraitFaces(PhotoPixels portrait, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(portrait);
        using var processor = _processors.Enter(cancellationToken);
        using var picture = Picture.CopyOf(portrait);
        var detections = _recipe.IsFaceApi ? _detection.DetectAsFaceApi(picture) : _detection.DetectPortrait(picture, _processors, cancellationToken);
        return Read(picture, detections, cancellationToken);
    }

    /// <summary>Decides whether a photo shows a person.</summary>
    /// <param name="photo">What <see cref="Analyze(ReadOnlyMemory{byte}, CancellationToken)"/> found.</param>
    /// <param name="references">The person's embeddings, of this engine's <see cref="Recipe"/>; the nearest one counts. None gives No.</param>
    /// <param name="within">Up to this distance a No also says where the best face is and how far; 0: never.</param>
    /// <returns>The verdict on the best face; nothing about the others.</returns>
    public PhotoVerdict Compare(AnalyzedPhoto photo, IReadOnlyList<FaceEmbedding> references, float within = 0)
    {
        ArgumentNullException.ThrowIfNull(photo);
        ArgumentNullException.ThrowIfNull(references);
        return _comparison.Compare(photo.Faces, references, within);
    }

    /// <summary>Reads a photo as a reference for one person.</summary>
    /// <param name="photo">The encoded photo, as for <see cref="Analyze(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <param name="face">Which of several faces is meant: an index into <see cref="ReferenceAnalysis.Faces"/>, or null to choose the one that dominates.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ReferenceAnalysis ReadReference(ReadOnlyMemory<byte> photo, int? face = null, CancellationToken cancellationToken = default)
    {
        using var processor = _processors.Enter(cancellationToken);
        using var picture = Decode(photo, cancellationToken);
        var analyzed = new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
        return ReferenceSelection.Read(picture, analyzed, face, _options.MinReferenceFacePixels);
    }

    /// <summary>Keeps processors idle until the result is disposed: for measurements.</summary>
    internal IDisposable Reserve(int processors) => _processors.Reserve(processors);

    /// <summary>Unloads the models.</summary>
    public void Dispose()
    {
        _detection.Dispose();
        _landmarks.Dispose();
        _recognition.Dispose();
        _processors.Dispose();
        _places.Dispose();
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                places.Release();
            }
        }
    }

    private Picture Decode(ReadOnlyMemory<byte> photo, CancellationToken cancellationToken)
    {
        using var stage = Stages.Start("decode");
        return EngineMetrics.Measure("decode", () => PhotoDecoding.Decode(photo, WorkingSide, _options, cancellationToken));
    }

    private List<DetectedFace> FindFaces(Picture picture, CancellationToken cancellationToken)
    {
        // Icons and spacers: enlarged to what the detector wants they would cost as much as photos.
        if (Math.Min(picture.Width, picture.Height) < SmallestSide)
        {
            return [];
        }

        var faces = Read(picture, Detect(picture, cancellationToken), cancellationToken);
        var upright = UprightScoreOf(faces);
        return _recipe.IsFaceApi || upright >= SureUprightScore
            ? faces
            : FindTurnedFaces(picture, upright, cancellationToken) ?? faces;
    }

    // Photos whose pixels lie on their side without EXIF saying so: looked for only where nothing surely stands upright, and believed only
    // if something then stands so more surely. Turned the wrong way, faces are upside down: found nearly as well, but their landmarks are not.
    private List<DetectedFace>? FindTurnedFaces(Picture picture, float upright, CancellationToken cancellationToken)
    {
        var best = (List<DetectedFace>?)null;
        foreach (var clockwise in (bool[])[true, false])
        {
            using var turned = picture.Turn(clockwise);
            var faces = Read(turned, DetectTurned(turned, cancellationToken), cancellationToken);
            if (UprightScoreOf(faces) is var score && score > upright)
            {
                upright = score;
                best = faces.ConvertAll(face => face.TurnBack(clockwise, turned.FullWidth, turned.FullHeight));
            }
        }

        return best;
    }

    private static float UprightScoreOf(List<DetectedFace> faces) => faces.Where(IsUpright).Select(face => face.Score).DefaultIfEmpty(0).Max();

    // A face that lies on its side is found now and then, and its landmarks seldom.
    private static bool IsUpright(DetectedFace face)
    {
        var eyes = face.Landmarks.RightEye - face.Landmarks.LeftEye;
        return face.Score >= FaceDetection.TurnedMinScore
            && eyes.X > Math.Abs(eyes.Y)
            && FaceAlignment.FivePoints.MisfitOf(face.Landmarks) <= UprightMisfit;
    }

    private List<DetectedFace> Read(Picture picture, List<Detection> detections, CancellationToken cancellationToken) =>
        [.. _processors.Map(detections.Count, face => Read(picture, detections[face]), cancellationToken)];

    private DetectedFace Read(Picture picture, Detection detection)
    {
        var landmarks = FindLandmarks(picture, detection);
        var embedding = EngineMetrics.Measure("embed", () => _recognition.Embed(picture, detection.Box, landmarks));
        return new DetectedFace(
            detection.Box.Scale(picture.ScaleX, picture.ScaleY).ClampTo(picture.FullWidth, picture.FullHeight),
            detection.Score,
            landmarks.Scale(picture.ScaleX, picture.ScaleY),
            embedding);
    }

    private List<Detection> Detect(Picture picture, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var stage = Stages.Start("detect");
        return EngineMetrics.Measure("detect", () => _recipe.IsFaceApi
            ? _detection.DetectAsFaceApi(picture)
            : _detection.Detect(picture, _processors, cancellationToken));
    }

    private List<Detection> DetectTurned(Picture turned, CancellationToken cancellationToken)
    {
        using var stage = Stages.Start("detect");
        return EngineMetrics.Measure("detect", () => _detection.DetectTurned(turned, _processors, cancellationToken));
    }

    private Landmarks FindLandmarks(Picture picture, Detection detection)
    {
        using var stage = Stages.Start("landmarks");
        return EngineMetrics.Measure("landmarks", () => _recipe.IsFaceApi
            ? _landmarks.Detect(picture, detection.Box, ResamplingKind.FaceApi)
            : _landmarks.DetectTwice(picture, detection.Box));
    }
}
