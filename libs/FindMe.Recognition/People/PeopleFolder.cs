using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A face for training or measuring.</summary>
/// <param name="Photo">Path of the photo, relative to the folder of people.</param>
/// <param name="Label">Index into <see cref="PeopleFolder.People"/>; their count for a stranger.</param>
/// <param name="Group">Faces of a group are all in the training set or all in the holdout: copies of a photo, and photos of one stranger.</param>
/// <param name="Face">The face.</param>
/// <param name="Copies">Embeddings of changed copies; empty for strangers, who are numerous and varied anyway.</param>
internal sealed record LabelledFace(string Photo, int Label, int Group, DetectedFace Face, IReadOnlyList<FaceEmbedding> Copies);

/// <summary>The faces in a folder of people, which contains one folder of photos per person, and <c>unknown</c> for everybody and everything else.</summary>
internal sealed class PeopleFolder
{
    /// <summary>Name of the folder of strangers, and of unknown faces.</summary>
    public const string Unknown = "unknown";

    private PeopleFolder(string path, PeopleFiles files, List<LabelledFace> faces, List<SkippedPhoto> skipped, int withoutFace) =>
        (Path, Files, Faces, Skipped, WithoutFace) = (path, files, faces, skipped, withoutFace);

    public string Path { get; }

    public PeopleFiles Files { get; }

    /// <summary>The names of the people, in ordinal order.</summary>
    public string[] People => Files.People;

    /// <summary>The faces, in the order of their files.</summary>
    public IReadOnlyList<LabelledFace> Faces { get; }

    /// <summary>Skipped photos and folders, and why.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped { get; }

    /// <summary>Number of pictures in <c>unknown</c> without a detected face.</summary>
    public int WithoutFace { get; }

    /// <summary>Label of a stranger.</summary>
    public int UnknownLabel => People.Length;

    /// <summary>
    /// Reads each photo once, so that the folder may change or disappear during training. Keeps only a few hundred numbers per face.
    /// </summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The folder.</param>
    /// <param name="options">Number of changed copies per face, and the seed.</param>
    /// <param name="progress">Called with the number of processed photos and the total.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    /// <exception cref="PeopleException">The folder has no people, or a person without a usable photo.</exception>
    public static PeopleFolder Read(FaceEngine engine, string path, PeopleOptions options, Action<int, int>? progress, CancellationToken cancellationToken)
    {
        var files = PeopleFiles.In(path);
        var (people, photos) = (files.People, files.Photos);
        var analyses = new PhotoAnalysis[photos.Length];
        var done = 0;
        Parallel.For(0, photos.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, i =>
        {
            analyses[i] = Read(photos[i].Path, engine.Options.MaxPhotoBytes, photo => photos[i].Label < people.Length
                ? ReadPerson(engine, photo, options.Augmentations, options.RandomOf(i), cancellationToken)
                : ReadStrangers(engine, photo, cancellationToken));
            progress?.Invoke(Interlocked.Increment(ref done), photos.Length);
        });

        // Copies must agree on the person, so determine them first. Then join the photos of each stranger, which are no copies but share a group.
        var joined = new PhotoGroups(photos.Length);
        JoinCopies(joined, analyses);
        var copies = joined.ToArray();
        JoinStrangers(joined, photos, people.Length);
        var groups = joined.ToArray();
        var labels = photos.Zip(copies).ToLookup(pair => pair.Second, pair => pair.First.Label);
        var faces = new List<LabelledFace>();
        var skipped = files.Skipped.ToList();
        var withoutFace = 0;
        for (var i = 0; i < photos.Length; i++)
        {
            var (name, label) = (photos[i].Name, photos[i].Label);
            if (analyses[i].Problem is { } problem)
            {
                skipped.Add(new SkippedPhoto(name, problem));
            }
            else if (FindOther(labels, copies[i], label, people.Length) is { } other)
            {
                skipped.Add(new SkippedPhoto(name, $"the same photo is in {people[other]} too: remove it from one of the folders"));
            }
            else
            {
                withoutFace += analyses[i].Faces.Count == 0 ? 1 : 0;
                faces.AddRange(analyses[i].Faces.Select(face => new LabelledFace(name, label, groups[i], face, analyses[i].Copies)));
            }
        }

        return Enumerable.Range(0, people.Length).Except(faces.Select(face => face.Label)).ToArray() is [var without, ..]
            ? throw PeopleFiles.NoUsablePhotoOf(people[without], skipped)
            : new PeopleFolder(path, files, faces, skipped, withoutFace);
    }

    private static PhotoAnalysis Read(string file, long maxBytes, Func<byte[], PhotoAnalysis> read)
    {
        try
        {
            // Checks the length before opening: pipes and devices have none, and opening them could block forever.
            var info = new FileInfo(file);
            switch (((FileInfo?)info.ResolveLinkTarget(returnFinalTarget: true) ?? info).Length)
            {
                case 0:
                    return PhotoAnalysis.Without("it is empty");
                case var length when length > maxBytes:
                    return PhotoAnalysis.Without("it is too large");
            }

            return read(File.ReadAllBytes(file));
        }
        catch (PhotoException exception)
        {
            return PhotoAnalysis.Without(exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return PhotoAnalysis.Without(exception switch
            {
                FileNotFoundException or DirectoryNotFoundException => "it does not exist",
                UnauthorizedAccessException => "you have no permission to read it: ask its owner",
                _ => "it cannot be read from disk",
            });
        }
    }

    private static PhotoAnalysis ReadStrangers(FaceEngine engine, byte[] photo, CancellationToken cancellationToken)
    {
        var analyzed = engine.Analyze(photo, cancellationToken);
        return new PhotoAnalysis(analyzed.Fingerprint, analyzed.Faces, [], null);
    }

    // Chooses the face as for a reference photo.
    private static PhotoAnalysis ReadPerson(FaceEngine engine, byte[] photo, int copies, Random random, CancellationToken cancellationToken)
    {
        var analyzed = engine.Analyze(photo, cancellationToken);
        using var picture = PhotoDecoding.Decode(photo, FaceEngine.WorkingSide, engine.Options, cancellationToken);
        var analysis = ReferenceSelection.Analyze(picture, analyzed, face: null, engine.Options.MinReferenceFacePixels, chosen => chosen.Embedding);
        if (ReferenceProblemText.Of(analysis) is { } problem)
        {
            return PhotoAnalysis.Without(problem.Title.TrimEnd('.'));
        }

        var face = analyzed.Faces.First(face => face.Box == analysis.Box);
        return new PhotoAnalysis(analyzed.Fingerprint, [face], FaceVariants.Embed(engine, picture, face, copies, random, cancellationToken), null);
    }

    private static void JoinCopies(PhotoGroups groups, PhotoAnalysis[] analyses)
    {
        for (var i = 0; i < analyses.Length; i++)
        {
            for (var j = 0; analyses[i].Fingerprint is { } one && j < i; j++)
            {
                if (analyses[j].Fingerprint is { } other && one.IsSamePicture(other))
                {
                    groups.Join(i, j);
                }
            }
        }
    }

    // Photos in the same folder below "unknown" show the same stranger.
    private static void JoinStrangers(PhotoGroups groups, PeopleFile[] photos, int unknown)
    {
        var folders = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < photos.Length; i++)
        {
            if (photos[i].Label == unknown && System.IO.Path.GetDirectoryName(photos[i].Name)! is var folder && folder != Unknown && !folders.TryAdd(folder, i))
            {
                groups.Join(i, folders[folder]);
            }
        }
    }

    // Returns another person who has a copy of the photo, so that it identifies nobody. Copies among the strangers do not count.
    private static int? FindOther(ILookup<int, int> labels, int copies, int label, int unknown)
    {
        foreach (var other in labels[copies])
        {
            if (other != label && other != unknown)
            {
                return other;
            }
        }

        return null;
    }

    /// <summary>Union-find over photos; initially each photo is a group of its own.</summary>
    /// <param name="photos">Number of photos.</param>
    private sealed class PhotoGroups(int photos)
    {
        private readonly int[] _groups = [.. Enumerable.Range(0, photos)];

        /// <summary>Merges the groups of two photos.</summary>
        public void Join(int one, int other)
        {
            var (a, b) = (Root(one), Root(other));
            _groups[Math.Max(a, b)] = Math.Min(a, b);
        }

        /// <summary>Returns the group of each photo: the index of its first photo.</summary>
        public int[] ToArray() => [.. Enumerable.Range(0, _groups.Length).Select(Root)];

        private int Root(int photo) => _groups[photo] == photo ? photo : _groups[photo] = Root(_groups[photo]);
    }

    private sealed record PhotoAnalysis(PhotoFingerprint? Fingerprint, IReadOnlyList<DetectedFace> Faces, IReadOnlyList<FaceEmbedding> Copies, string? Problem)
    {
        public static PhotoAnalysis Without(string problem) => new(null, [], [], problem);
    }
}

/// <summary>A photo or folder that training skipped.</summary>
/// <param name="Photo">Path of the photo or folder, relative to the folder of people.</param>
/// <param name="Problem">The reason, as text for the user.</param>
public sealed record SkippedPhoto(string Photo, string Problem);
