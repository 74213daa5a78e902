using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A face that is learnt from or measured with.</summary>
/// <param name="Photo">The file, relative to the folder.</param>
/// <param name="Label">Whose it is: an index into <see cref="PeopleFolder.People"/>, or one more for a stranger.</param>
/// <param name="Group">Faces of one group are learnt from together or not at all: copies of a photo, and a stranger's photos.</param>
/// <param name="Face">The face.</param>
/// <param name="Copies">Changed copies of it; none of a stranger's, since strangers are many and different: each as they are.</param>
internal sealed record LabelledFace(string Photo, int Label, int Group, DetectedFace Face, IReadOnlyList<FaceEmbedding> Copies);

/// <summary>A folder of people: a folder of photos each, and <c>unknown</c> for everybody and everything else.</summary>
internal sealed class PeopleFolder
{
    /// <summary>The folder of strangers, and what they are called.</summary>
    public const string Unknown = "unknown";

    private PeopleFolder(string path, PeopleFiles files, List<LabelledFace> faces, List<SkippedPhoto> skipped, int withoutFace) =>
        (Path, Files, Faces, Skipped, WithoutFace) = (path, files, faces, skipped, withoutFace);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What lies in it.</summary>
    public PeopleFiles Files { get; }

    /// <summary>The names, in the order of their bytes.</summary>
    public string[] People => Files.People;

    /// <summary>The faces, in the order of their files.</summary>
    public IReadOnlyList<LabelledFace> Faces { get; }

    /// <summary>Photos that nothing is learnt from, and folders that are not looked into.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped { get; }

    /// <summary>Pictures of <c>unknown</c> in which nothing was taken for a face.</summary>
    public int WithoutFace { get; }

    /// <summary>Label of a stranger.</summary>
    public int UnknownLabel => People.Length;

    /// <summary>
    /// Reads every photo, once: a folder may change or vanish while it is learnt from, and what is kept of a photo is a few hundred numbers a face.
    /// </summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The folder.</param>
    /// <param name="options">How many changed copies of each face are made, and by which chance.</param>
    /// <param name="progress">Gets the number of photos read so far, their copies made, and of all.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="PeopleException">It holds no people.</exception>
    public static PeopleFolder Read(FaceEngine engine, string path, PeopleOptions options, Action<int, int>? progress, CancellationToken cancellationToken)
    {
        var files = PeopleFiles.In(path);
        var (people, photos) = (files.People, files.Photos);
        var readings = new Reading[photos.Length];
        var done = 0;
        Parallel.For(0, photos.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, i =>
        {
            readings[i] = Read(photos[i].Path, engine.Options.MaxPhotoBytes, photo => photos[i].Label < people.Length
                ? ReadPerson(engine, photo, options.Augmentations, options.RandomOf(i), cancellationToken)
                : ReadStrangers(engine, photo, cancellationToken));
            progress?.Invoke(Interlocked.Increment(ref done), photos.Length);
        });

        // Whose a photo is, only its copies say; a stranger's other photos are kept aside with it, but are no copies.
        var joined = new PhotoGroups(photos.Length);
        JoinCopies(joined, readings);
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
            if (readings[i].Problem is { } problem)
            {
                skipped.Add(new SkippedPhoto(name, problem));
            }
            else if (FindOther(labels, copies[i], label, people.Length) is { } other)
            {
                skipped.Add(new SkippedPhoto(name, $"the same photo lies in {people[other]}: whose is it?"));
            }
            else
            {
                withoutFace += readings[i].Faces.Count == 0 ? 1 : 0;
                faces.AddRange(readings[i].Faces.Select(face => new LabelledFace(name, label, groups[i], face, readings[i].Copies)));
            }
        }

        return Enumerable.Range(0, people.Length).Except(faces.Select(face => face.Label)).ToArray() is [var without, ..]
            ? throw PeopleFiles.NothingIn(people[without], skipped)
            : new PeopleFolder(path, files, faces, skipped, withoutFace);
    }

    private static Reading Read(string file, long maxBytes, Func<byte[], Reading> read)
    {
        try
        {
            // A pipe or a device has no length; opening one could block for ever.
            var info = new FileInfo(file);
            switch (((FileInfo?)info.ResolveLinkTarget(returnFinalTarget: true) ?? info).Length)
            {
                case 0:
                    return Reading.Without("it is empty");
                case var length when length > maxBytes:
                    return Reading.Without("it is too large");
            }

            return read(File.ReadAllBytes(file));
        }
        catch (PhotoException exception)
        {
            return Reading.Without(exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Reading.Without(exception switch
            {
                FileNotFoundException or DirectoryNotFoundException => "it is gone",
                UnauthorizedAccessException => "it may not be read: ask its owner for permission",
                _ => "it cannot be read from its disk",
            });
        }
    }

    private static Reading ReadStrangers(FaceEngine engine, byte[] photo, CancellationToken cancellationToken)
    {
        var analyzed = engine.Analyze(photo, cancellationToken);
        return new Reading(analyzed.Fingerprint, analyzed.Faces, [], null);
    }

    // The face that stands for its photo, as for a person's references.
    private static Reading ReadPerson(FaceEngine engine, byte[] photo, int copies, Random random, CancellationToken cancellationToken)
    {
        var analyzed = engine.Analyze(photo, cancellationToken);
        using var picture = PhotoDecoding.Decode(photo, FaceEngine.WorkingSide, engine.Options, cancellationToken);
        var reading = ReferenceSelection.Analyze(picture, analyzed, face: null, engine.Options.MinReferenceFacePixels);
        if (ReferenceProblemText.Of(reading) is { } problem)
        {
            return Reading.Without(problem.Title.TrimEnd('.'));
        }

        var face = analyzed.Faces.First(face => face.Box == reading.Box);
        return new Reading(analyzed.Fingerprint, [face], FaceVariants.Embed(engine, picture, face, copies, random, cancellationToken), null);
    }

    private static void JoinCopies(PhotoGroups groups, Reading[] readings)
    {
        for (var i = 0; i < readings.Length; i++)
        {
            for (var j = 0; readings[i].Fingerprint is { } one && j < i; j++)
            {
                if (readings[j].Fingerprint is { } other && one.IsSamePicture(other))
                {
                    groups.Join(i, j);
                }
            }
        }
    }

    // The photos in one folder of unknown.
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

    // A photo that is a copy of another person's names nobody, and no stranger either.
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

    /// <summary>Photos that belong together; each is a group of its own at first.</summary>
    /// <param name="photos">How many there are.</param>
    private sealed class PhotoGroups(int photos)
    {
        private readonly int[] _groups = [.. Enumerable.Range(0, photos)];

        /// <summary>Makes the groups of two photos one.</summary>
        public void Join(int one, int other)
        {
            var (a, b) = (Root(one), Root(other));
            _groups[Math.Max(a, b)] = Math.Min(a, b);
        }

        /// <summary>The group of each photo: the place of its first one.</summary>
        public int[] ToArray() => [.. Enumerable.Range(0, _groups.Length).Select(Root)];

        private int Root(int photo) => _groups[photo] == photo ? photo : _groups[photo] = Root(_groups[photo]);
    }

    private sealed record Reading(PhotoFingerprint? Fingerprint, IReadOnlyList<DetectedFace> Faces, IReadOnlyList<FaceEmbedding> Copies, string? Problem)
    {
        public static Reading Without(string problem) => new(null, [], [], problem);
    }
}

/// <summary>A photo that nothing is learnt from, or a folder that is not looked into.</summary>
/// <param name="Photo">The file or folder, relative to the folder of people.</param>
/// <param name="Problem">Why, for people.</param>
public sealed record SkippedPhoto(string Photo, string Problem);
