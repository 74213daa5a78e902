namespace FindMe.Faces;

/// <summary>Finds faces in photos and compares them with a person's.</summary>
/// <remarks>
/// One engine serves all threads; models and buffers are shared. Photos are worked on in parallel, one thread each, but never more of
/// them at once than the machine has processors: further callers wait, which bounds the memory.
/// </remarks>
public sealed class FaceEngine : IDisposable
{
    /// <summary>Longest side, in pixels, at which photos are looked at: a larger version of a photo brings nothing beyond it.</summary>
    /// <remarks>
    /// Cameras' 12 and 24 megapixels (4,000 to 6,032 pixels wide) are exactly half or a third of this or a little more, which a JPEG
    /// decoder does for nothing; and a face that fills a 50th of it still has all the pixels a chip wants.
    /// </remarks>
    public const int WorkingSide = 2_000;

    private readonly FaceEngineOptions _options;
    private readonly FaceDetection _detection;
    private readonly LandmarkDetection _landmarks;
    private readonly FaceRecognition _recognition;
    private readonly SemaphoreSlim _processors = new(Environment.ProcessorCount);

    private FaceEngine(FaceEngineOptions options, FaceDetection detection, LandmarkDetection landmarks, FaceRecognition recognition)
    {
        _options = options;
        _detection = detection;
        _landmarks = landmarks;
        _recognition = recognition;
    }

    /// <summary>Names the model and the alignment that make an embedding: only embeddings of the same recipe can be compared.</summary>
    public string Recipe { get; } = $"{FaceRecognition.Version}/{FaceAlignment.Version}";

    /// <summary>Loads the models; takes a few tenths of a second.</summary>
    /// <param name="options">Where they are, and the limits; read once.</param>
    /// <exception cref="ModelException">A model is missing, broken, or another one; the message names it and says what to do.</exception>
    public static FaceEngine Load(FaceEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        NativeHeap.Bound();
        var folder = ModelFolder.Find(options.ModelsPath);
        var loaded = new Stack<IDisposable>();
        try
        {
            var detection = FaceDetection.Load(Path.Combine(folder, "ssd_mobilenetv1_int8.onnx"));
            loaded.Push(detection);
            var landmarks = LandmarkDetection.Load(Path.Combine(folder, "face_landmark_68.onnx"));
            loaded.Push(landmarks);
            var recognition = FaceRecognition.Load(Path.Combine(folder, "fr_feature.onnx"));
            return new FaceEngine(options, detection, landmarks, recognition);
        }
        catch (ModelException)
        {
            foreach (var model in loaded)
            {
                model.Dispose();
            }

            throw;
        }
    }

    /// <summary>Finds every face of a photo.</summary>
    /// <param name="photo">The encoded photo: JPEG, PNG, WebP, GIF (its first frame), AVIF or TIFF. Not changed.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <returns>The faces, in pixels of the upright full-size photo.</returns>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public AnalyzedPhoto Analyze(ReadOnlyMemory<byte> photo, CancellationToken cancellationToken = default)
    {
        _processors.Wait(cancellationToken);
        try
        {
            using var picture = EngineMetrics.Measure("decode", () => PhotoDecoding.Decode(photo, WorkingSide, _options, cancellationToken));
            return new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
        }
        finally
        {
            _processors.Release();
        }
    }

    /// <summary>Decides whether a photo shows a person.</summary>
    /// <param name="photo">What <see cref="Analyze"/> found.</param>
    /// <param name="references">The person's embeddings, of this engine's <see cref="Recipe"/>; the nearest one counts. None gives No.</param>
    /// <returns>The verdict on the best face; nothing about the others.</returns>
    public PhotoVerdict Compare(AnalyzedPhoto photo, IReadOnlyList<FaceEmbedding> references)
    {
        ArgumentNullException.ThrowIfNull(photo);
        ArgumentNullException.ThrowIfNull(references);
        return FaceComparison.Compare(photo.Faces, references, _options);
    }

    /// <summary>Reads a photo as a reference for one person.</summary>
    /// <param name="photo">The encoded photo, as for <see cref="Analyze"/>.</param>
    /// <param name="face">Which of several faces is meant: an index into <see cref="ReferenceReading.Faces"/>, or null to choose the one that dominates.</param>
    /// <param name="cancellationToken">Checked between the steps.</param>
    /// <exception cref="PhotoException">The photo cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ReferenceReading ReadReference(ReadOnlyMemory<byte> photo, int? face = null, CancellationToken cancellationToken = default)
    {
        _processors.Wait(cancellationToken);
        try
        {
            using var picture = PhotoDecoding.Decode(photo, WorkingSide, _options, cancellationToken);
            var analyzed = new AnalyzedPhoto(picture.FullWidth, picture.FullHeight, FindFaces(picture, cancellationToken), PhotoFingerprint.Of(picture));
            return ReferenceSelection.Read(picture, analyzed, face, _options.MinReferenceFacePixels);
        }
        finally
        {
            _processors.Release();
        }
    }

    /// <summary>Unloads the models.</summary>
    public void Dispose()
    {
        _detection.Dispose();
        _landmarks.Dispose();
        _recognition.Dispose();
        _processors.Dispose();
    }

    private List<DetectedFace> FindFaces(Picture picture, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var faces = new List<DetectedFace>();
        foreach (var detection in EngineMetrics.Measure("detect", () => _detection.Detect(picture, cancellationToken)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var landmarks = EngineMetrics.Measure("landmarks", () => _landmarks.Detect(picture, detection.Box));
            var embedding = EngineMetrics.Measure("embed", () => _recognition.Embed(picture, landmarks));
            faces.Add(new DetectedFace(
                detection.Box.Scale(picture.ScaleX, picture.ScaleY).ClampTo(picture.FullWidth, picture.FullHeight),
                detection.Score,
                landmarks.Scale(picture.ScaleX, picture.ScaleY),
                embedding));
        }

        return faces;
    }
}
