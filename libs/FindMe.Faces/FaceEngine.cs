using System.Runtime.ExceptionServices;

namespace FindMe.Faces;

/// <summary>Finds the faces in photos and compares them with reference faces of a person.</summary>
/// <remarks>
/// Thread-safe: one engine serves the whole process and shares its models and buffers. It processes at most one photo per processor at
/// a time and makes further callers wait, which bounds memory. Idle processors help with photos already in progress. The asynchronous
/// methods wait without blocking a thread and compute on the thread pool; the others block their caller.
/// </remarks>
public sealed class FaceEngine : IDisposable
{
    /// <summary>Longest side, in pixels, to which photos are shrunk before analysis. More pixels do not improve the result.</summary>
    /// <remarks>
    /// 12 and 24-megapixel photos (4,000 to 6,032 pixels wide) are two or three times as wide or slightly wider, so a JPEG decoder shrinks
    /// most of the way at no extra work. A face that fills a 50th of this side still has enough pixels for recognition.
    /// </remarks>
    public const int WorkingSide = 2_000;

    // Only one in four faces of 20 pixels is matched (docs/accuracy.md), so nobody can be recognized in a picture smaller than this.
    internal const int SmallestSide = 16;

    // Pixels of a 112-pixel chip. In Labeled Faces in the Wild (LFW), 95 % of upright faces are below 7; faces rotated by 90° are above 10.
    internal const float UprightMisfit = 8;

    // 110 of 120 upright LFW portraits score higher. Rotated by 90°, 9 of them passed as upright, with scores of at most 0.89.
    internal const float SureUprightScore = 0.95f;

    private readonly FaceEngineOptions _options;
    private readonly RecognitionRecipe _recipe;
    private readonly FaceComparison _comparison;
    private readonly FaceDetection _detection;
    private readonly LandmarkDetection _landmarks;
    private readonly FaceRecognition _recognition;
    private readonly Processors _processors = new();
    private readonly SemaphoreSlim _gate;
    private int _isDisposed;

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
        _gate = new SemaphoreSlim(options.PhotosAtOnce > 0 ? options.PhotosAtOnce : Environment.ProcessorCount);
    }

    /// <summary>Name of the <see cref="System.Diagnostics.ActivitySource"/> that traces the steps of each photo.</summary>
    public const string ActivitySourceName = Stages.SourceName;

    /// <summary>Identifies the model and alignment that make embeddings. Only embeddings of the same recipe can be compared.</summary>
    public string Recipe => _recipe.Identity;

    /// <summary>Number of values in the embeddings of this engine.</summary>
    public int EmbeddingLength => _recipe.Output.Length;

    internal FaceEngineOptions Options => _options;

    internal RecognitionRecipe RecognitionRecipe => _recipe;

    /// <summary>Embeds single faces; used for augmented pictures.</summary>
    internal FaceRecognition Recognition => _recognition;

    /// <summary>Largest distance of a <see cref="MatchKind.Match"/>.</summary>
    public float MatchDistance => _comparison.MatchDistance;

    /// <summary>Largest distance of a <see cref="MatchKind.Maybe"/>.</summary>
    public float MaybeDistance => _comparison.MaybeDistance;

    /// <summary>Distance above which two faces belong to different people, 0 to 2; 1.25 with the recipe <c>default</c>.</summary>
    /// <remarks>In every group measured (docs/accuracy.md), at most 1 % of the pairs of one person are farther apart.</remarks>
    public float OtherPersonDistance => Math.Max(_recipe.OtherPersonDistance, MatchDistance);

    /// <summary>Returns the verdict on a face at this distance.</summary>
    public MatchKind KindAt(float distance) => _comparison.KindAt(distance);

    /// <summary>Returns the probability, 0 to 1, that a face at this distance is the person's, from the recipe's calibrated curve.</summary>
    public float ConfidenceAt(float distance) => _comparison.ConfidenceAt(distance);

    /// <summary>Loads the models on the thread pool; takes a few hundred milliseconds.</summary>
    /// <param name="options">Folder of the models, and limits; null for the defaults. Later changes have no effect.</param>
    /// <param name="cancellationToken">Cancels the load before it starts; it cannot be stopped later.</param>
    /// <returns>The engine, which the caller disposes.</returns>
    /// <exception cref="ModelException">A model is missing, damaged, or not the expected one.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static Task<FaceEngine> LoadAsync(FaceEngineOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Load(options), cancellationToken);

    /// <summary>Loads the models; takes a few hundred milliseconds.</summary>
    /// <param name="options">Folder of the models, and limits; null for the defaults. Later changes have no effect.</param>
    /// <returns>The engine, which the caller disposes.</returns>
    /// <exception cref="ModelException">A model is missing, damaged, or not the expected one.</exception>
    public static FaceEngine Load(FaceEngineOptions? options = null)
    {
        options ??= new FaceEngineOptions();
        NativeHeap.Bound();

        // On a thread of its own, since the pool's may all be waiting for it. Failures surface when the first model uses it.
        _ = Task.Factory.StartNew(Arena.Prepare, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var folder = ModelFolder.Find(options.ModelsPath);
        var recipe = RecognitionRecipe.Load(Path.Combine(folder, $"{options.Recipe}.json"));
        var (detection, landmarks, recognition) = ((FaceDetection?)null, (LandmarkDetection?)null, (FaceRecognition?)null);
        try
        {
            // Each takes up to 100 ms, mostly single-threaded.
            Parallel.Invoke(
                () => detection = FaceDetection.Load(folder, recipe.Detection),
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

    /// <summary>Whether the next call of <see cref="EnterAsync"/> has to wait.</summary>
    public bool IsFull => _gate.CurrentCount == 0;

    /// <summary>
    /// Enters the gate that limits how many photos are processed at once, without blocking a thread. Servers call this before the methods
    /// below, which block.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>A lease; dispose it to leave the gate.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        await _gate.WaitAsync(cancellationToken);
        return new GateLease(_gate);
    }

    /// <summary>Enters the gate (<see cref="EnterAsync"/>), then runs work on the thread pool.</summary>
    /// <param name="work">Processes one photo with this engine.</param>
    /// <param name="cancellationToken">Cancels the wait. Work that has started must observe the token itself.</param>
    /// <returns>The result of <paramref name="work"/>.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<T> RunAsync<T>(Func<FaceEngine, T> work, CancellationToken cancellationToken = default)
    {
        using var lease = await EnterAsync(cancellationToken);
        return await Task.Run(() => work(this), cancellationToken);
    }

    /// <summary>Finds all faces in a photo.</summary>
    /// <param name="photo">The encoded photo: JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF. It must not change before the task ends.</param>
    /// <param name="cancellationToken">Cancels the wait, and is checked between the steps.</param>
    /// <returns>The faces, in pixels of the upright full-size photo.</returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<AnalyzedPhoto> AnalyzeAsync(ReadOnlyMemory<byte> photo, CancellationToken cancellationToken = default) =>
        RunAsync(engine => engine.Analyze(photo, cancellationToken), cancellationToken);

    /// <summary>Reads a photo to its end, then finds all faces in it.</summary>
    /// <param name="photo">The encoded photo, from the stream's position on; stays open.</param>
    /// <param name="cancellationToken">Cancels the reading and the wait, and is checked between the steps.</param>
    /// <returns>The faces, in pixels of the upright full-size photo.</returns>
    /// <exception cref="PhotoException">The photo cannot be read, or exceeds <see cref="FaceEngineOptions.MaxPhotoBytes"/>.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<AnalyzedPhoto> AnalyzeAsync(Stream photo, CancellationToken cancellationToken = default) =>
        await AnalyzeAsync(await PhotoStream.ReadAsync(photo, _options.MaxPhotoBytes, cancellationToken), cancellationToken);

    /// <summary>Finds all faces in a photo.</summary>
    /// <param name="photo">The encoded photo: JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The faces, in pixels of the upright full-size photo.</returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public AnalyzedPhoto Analyze(ReadOnlyMemory<byte> photo, CancellationToken cancellationToken = default)
    {
        using var processor = EnterProcessor(cancellationToken);
        using var picture = Decode(photo, cancellationToken);
        return new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
    }

    /// <summary>Finds all faces in a decoded picture, such as a video frame.</summary>
    /// <param name="pixels">The upright picture.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The faces, in pixels of the picture.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public AnalyzedPhoto Analyze(PhotoPixels pixels, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        using var processor = EnterProcessor(cancellationToken);
        using var picture = Picture.CopyOf(pixels);
        return new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
    }

    /// <summary>Finds the large faces in a picture cropped around a face; faster than <see cref="Analyze(PhotoPixels, CancellationToken)"/>.</summary>
    /// <param name="portrait">The upright picture.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>Faces of at least an eighth of the picture's longer side, highest score first.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    internal IReadOnlyList<DetectedFace> FindPortraitFaces(PhotoPixels portrait, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(portrait);
        using var processor = EnterProcessor(cancellationToken);
        using var picture = Picture.CopyOf(portrait);
        var detections = _recipe.IsFaceApi ? _detection.DetectAsFaceApi(picture) : _detection.DetectPortrait(picture, _processors, cancellationToken);
        return ReadFaces(picture, detections, cancellationToken);
    }

    /// <summary>Decides whether a photo shows a person.</summary>
    /// <param name="photo">The result of <see cref="Analyze(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <param name="references">The person's embeddings, made with this engine's <see cref="Recipe"/>. The nearest one counts; an empty list gives No.</param>
    /// <param name="within">A No within this distance still reports the nearest face and its distance; 0 to report neither.</param>
    /// <returns>The verdict on the nearest face only.</returns>
    public PhotoVerdict Compare(AnalyzedPhoto photo, IReadOnlyList<FaceEmbedding> references, float within = 0)
    {
        ArgumentNullException.ThrowIfNull(photo);
        ArgumentNullException.ThrowIfNull(references);
        return _comparison.Compare(photo.Faces, references, within);
    }

    /// <summary>Decides how much nearer than usual a face must be in an album whose people look alike to the engine.</summary>
    /// <param name="photos">All photos of the album, compared <c>within</c> <see cref="OtherPersonDistance"/>; their order does not matter.</param>
    /// <returns>A distance to add before <see cref="KindAt"/> and <see cref="ConfidenceAt"/>. 0 in most albums; at most 0.07 with the recipe <c>default</c>.</returns>
    public float AlbumMarginOf(IEnumerable<AlbumPhoto> photos)
    {
        ArgumentNullException.ThrowIfNull(photos);
        // The recipe's distances, also where an operator chose others: the margin is measured with them.
        return AlbumBackground.MarginOf(photos, _recipe.MatchDistance, _recipe.OtherPersonDistance, _recipe.AlbumMargin);
    }

    /// <summary>Checks whether a photo can serve as a reference of a person, and embeds its face.</summary>
    /// <param name="photo">The encoded photo, as for <see cref="AnalyzeAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <param name="face">Index into <see cref="ReferenceAnalysis.Faces"/>; null to choose the dominant face.</param>
    /// <param name="cancellationToken">Cancels the wait, and is checked between the steps.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<ReferenceAnalysis> AnalyzeReferenceAsync(ReadOnlyMemory<byte> photo, int? face = null, CancellationToken cancellationToken = default) =>
        RunAsync(engine => engine.AnalyzeReference(photo, face, cancellationToken), cancellationToken);

    /// <summary>Reads a photo to its end, then checks whether it can serve as a reference of a person, and embeds its face.</summary>
    /// <param name="photo">The encoded photo, from the stream's position on; stays open.</param>
    /// <param name="face">Index into <see cref="ReferenceAnalysis.Faces"/>; null to choose the dominant face.</param>
    /// <param name="cancellationToken">Cancels the reading and the wait, and is checked between the steps.</param>
    /// <exception cref="PhotoException">The photo cannot be read, or exceeds <see cref="FaceEngineOptions.MaxPhotoBytes"/>.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<ReferenceAnalysis> AnalyzeReferenceAsync(Stream photo, int? face = null, CancellationToken cancellationToken = default) =>
        await AnalyzeReferenceAsync(await PhotoStream.ReadAsync(photo, _options.MaxPhotoBytes, cancellationToken), face, cancellationToken);

    /// <summary>Checks whether a photo can serve as a reference of a person, and embeds its face.</summary>
    /// <param name="photo">The encoded photo, as for <see cref="Analyze(ReadOnlyMemory{byte}, CancellationToken)"/>.</param>
    /// <param name="face">Index into <see cref="ReferenceAnalysis.Faces"/>; null to choose the dominant face.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ReferenceAnalysis AnalyzeReference(ReadOnlyMemory<byte> photo, int? face = null, CancellationToken cancellationToken = default)
    {
        using var processor = EnterProcessor(cancellationToken);
        using var picture = Decode(photo, cancellationToken);
        var analyzed = new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
        return ReferenceSelection.Analyze(picture, analyzed, face, _options.MinReferenceFacePixels, chosen => EmbedReference(picture, chosen));
    }

    /// <summary>Embeds a face as that of a reference, which <see cref="AnalyzeReference"/> does for suitable photos only.</summary>
    internal FaceEmbedding EmbedReference(ReadOnlyMemory<byte> photo, DetectedFace face)
    {
        using var processor = EnterProcessor(CancellationToken.None);
        using var picture = Decode(photo, CancellationToken.None);
        return EmbedReference(picture, face);
    }

    /// <summary>Keeps processors idle until the result is disposed, so that benchmarks control how many work.</summary>
    /// <remarks>Except in the detector of the <c>face-api</c> recipes, which ONNX Runtime runs on all processors of the process.</remarks>
    internal IDisposable Reserve(int processors) => _processors.Reserve(processors);

    /// <summary>Waits for photos in progress, then unloads the models. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        // Native code must not run in models that are being freed.
        using var all = _processors.Reserve(Environment.ProcessorCount);
        _detection.Dispose();
        _landmarks.Dispose();
        _recognition.Dispose();
    }

    // A photo that was waiting while the engine was disposed gets its processor afterwards.
    private IDisposable EnterProcessor(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        var processor = _processors.Enter(cancellationToken);
        if (IsDisposed)
        {
            processor.Dispose();
            throw new ObjectDisposedException(nameof(FaceEngine));
        }

        return processor;
    }

    private bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    private sealed class GateLease(SemaphoreSlim gate) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            {
                gate.Release();
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
        // Icons and spacers: the detector would enlarge them and take as long as for a photo.
        if (Math.Min(picture.Width, picture.Height) < SmallestSide)
        {
            return [];
        }

        var faces = ReadFaces(picture, Detect(picture, cancellationToken), cancellationToken);
        var upright = UprightScoreOf(faces);
        return _recipe.IsFaceApi || upright >= SureUprightScore
            ? faces
            : FindRotatedFaces(picture, upright, cancellationToken) ?? faces;
    }

    // Some photos are rotated by 90° without an EXIF orientation. We try both rotations when no face is surely upright, and keep one only if
    // its best upright face scores higher. Upside-down faces are detected nearly as well, but their landmarks do not fit (IsUpright).
    private List<DetectedFace>? FindRotatedFaces(Picture picture, float upright, CancellationToken cancellationToken)
    {
        var best = (List<DetectedFace>?)null;
        foreach (var clockwise in (bool[])[true, false])
        {
            using var rotated = picture.Rotate(clockwise);
            var faces = ReadFaces(rotated, DetectRotated(rotated, cancellationToken), cancellationToken);
            if (UprightScoreOf(faces) is var score && score > upright)
            {
                upright = score;
                best = faces.ConvertAll(face => face.RotateBack(clockwise, rotated.FullWidth, rotated.FullHeight));
            }
        }

        return best;
    }

    private static float UprightScoreOf(List<DetectedFace> faces) => faces.Where(IsUpright).Select(face => face.Score).DefaultIfEmpty(0).Max();

    // The detector sometimes finds a face rotated by 90°, but its landmarks then rarely fit.
    private static bool IsUpright(DetectedFace face)
    {
        var eyes = face.Landmarks.RightEye - face.Landmarks.LeftEye;
        return face.Score >= FaceDetection.RotatedMinScore
            && eyes.X > Math.Abs(eyes.Y)
            && FaceAlignment.FivePoints.MisfitOf(face.Landmarks) <= UprightMisfit;
    }

    private List<DetectedFace> ReadFaces(Picture picture, List<Detection> detections, CancellationToken cancellationToken) =>
        [.. _processors.Map(detections.Count, face => ReadFace(picture, detections[face]), cancellationToken)];

    private DetectedFace ReadFace(Picture picture, Detection detection)
    {
        var landmarks = FindLandmarks(picture, detection);
        var embedding = EngineMetrics.Measure("embed", () => _recognition.Embed(picture, detection.Box, landmarks));
        return new DetectedFace(
            detection.Box.Scale(picture.ScaleX, picture.ScaleY).ClampTo(picture.FullWidth, picture.FullHeight),
            detection.Score,
            landmarks.Scale(picture.ScaleX, picture.ScaleY),
            embedding);
    }

    private FaceEmbedding EmbedReference(Picture picture, DetectedFace face)
    {
        var (x, y) = (1 / picture.ScaleX, 1 / picture.ScaleY);
        return EngineMetrics.Measure("embed", () => _recognition.EmbedReference(picture, face.Box.Scale(x, y), face.Landmarks.Scale(x, y)));
    }

    private List<Detection> Detect(Picture picture, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var stage = Stages.Start("detect");
        return EngineMetrics.Measure("detect", () => _recipe.IsFaceApi
            ? _detection.DetectAsFaceApi(picture)
            : _detection.Detect(picture, _processors, cancellationToken));
    }

    private List<Detection> DetectRotated(Picture rotated, CancellationToken cancellationToken)
    {
        using var stage = Stages.Start("detect");
        return EngineMetrics.Measure("detect", () => _detection.DetectRotated(rotated, _processors, cancellationToken));
    }

    private Landmarks FindLandmarks(Picture picture, Detection detection)
    {
        using var stage = Stages.Start("landmarks");
        return EngineMetrics.Measure("landmarks", () => _recipe.IsFaceApi
            ? _landmarks.Detect(picture, detection.Box, ResamplingKind.FaceApi)
            : _landmarks.DetectTwice(picture, detection.Box));
    }
}
