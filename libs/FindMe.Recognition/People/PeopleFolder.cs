using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A face that is learnt from or measured with.</summary>
/// <param name="Photo">The file, relative to the folder.</param>
/// <param name="Label">Whose it is: an index into <see cref="PeopleFolder.People"/>, or one more for a stranger.</param>
/// <param name="Group">Faces of one group are learnt from together or not at all: copies of a photo, and a stranger's photos.</param>
/// <param name="Face">The face.</param>
internal sealed record LabelledFace(string Photo, int Label, int Group, DetectedFace Face);

/// <summary>A folder of people: a folder of photos each, and <c>unknown</c> for everybody and everything else.</summary>
internal sealed class PeopleFolder
{
    /// <summary>The folder of strangers, and what they are called.</summary>
    public const string Unknown = "unknown";

    private const int MaxNameLength = 64;

    private PeopleFolder(string path, string[] people, List<LabelledFace> faces, List<SkippedPhoto> skipped, int photos, int withoutFace) =>
        (Path, People, Faces, Skipped, Photos, WithoutFace) = (path, people, faces, skipped, photos, withoutFace);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The names, in the order of their bytes.</summary>
    public string[] People { get; }

    /// <summary>The faces, in the order of their files.</summary>
    public IReadOnlyList<LabelledFace> Faces { get; }

    /// <summary>Photos that nothing is learnt from.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped { get; }

    /// <summary>Files that were read.</summary>
    public int Photos { get; }

    /// <summary>Pictures of <c>unknown</c> in which nothing was taken for a face.</summary>
    public int WithoutFace { get; }

    /// <summary>Label of a stranger.</summary>
    public int UnknownLabel => People.Length;

    /// <summary>Reads every photo.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The folder.</param>
    /// <param name="progress">Gets the number of photos read so far, and of all.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="PeopleException">It holds no people.</exception>
    public static PeopleFolder Read(FaceEngine engine, string path, Action<int, int>? progress, CancellationToken cancellationToken)
    {
        var people = FindPeople(path);
        var files = people.SelectMany((person, label) => FilesIn(System.IO.Path.Combine(path, person)).Select(file => (File: file, Label: label)))
            .Concat(FilesIn(System.IO.Path.Combine(path, Unknown)).Select(file => (File: file, Label: people.Length)))
            .ToArray();
        var readings = new Reading[files.Length];
        var done = 0;
        Parallel.For(0, files.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, i =>
        {
            readings[i] = Read(engine, files[i].File, isPerson: files[i].Label < people.Length, cancellationToken);
            progress?.Invoke(Interlocked.Increment(ref done), files.Length);
        });

        // Whose a photo is, only its copies say; a stranger's other photos are kept aside with it, but are no copies.
        var joined = new PhotoGroups(files.Length);
        JoinCopies(joined, readings);
        var copies = joined.ToArray();
        JoinStrangers(joined, path, files, people.Length);
        var groups = joined.ToArray();
        var labels = files.Zip(copies).ToLookup(pair => pair.Second, pair => pair.First.Label);
        var faces = new List<LabelledFace>();
        var skipped = new List<SkippedPhoto>();
        var withoutFace = 0;
        for (var i = 0; i < files.Length; i++)
        {
            var file = System.IO.Path.GetRelativePath(path, files[i].File);
            if (readings[i].Problem is { } problem)
            {
                skipped.Add(new SkippedPhoto(file, problem));
            }
            else if (FindOther(labels, copies[i], files[i].Label, people.Length) is { } other)
            {
                skipped.Add(new SkippedPhoto(file, $"the same photo lies in {people[other]}: whose is it?"));
            }
            else
            {
                withoutFace += readings[i].Faces.Count == 0 ? 1 : 0;
                faces.AddRange(readings[i].Faces.Select(face => new LabelledFace(file, files[i].Label, groups[i], face)));
            }
        }

        if (Enumerable.Range(0, people.Length).Except(faces.Select(face => face.Label)).ToArray() is [var without, ..])
        {
            var first = skipped.Find(photo => photo.Photo.StartsWith(people[without] + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal));
            throw new PeopleException($"Nothing can be learnt from the folder {people[without]}: {(first is null ? "it holds no photo" : $"{first.Photo}: {first.Problem}")}.");
        }

        return new PeopleFolder(path, people, faces, skipped, files.Length, withoutFace);
    }

    private static string[] FindPeople(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new PeopleException($"There is no folder {path}: give one that holds a folder of photos for each person.");
        }

        var people = Directory.GetDirectories(path).Select(folder => System.IO.Path.GetFileName(folder)!).Where(name => name != Unknown).Order(StringComparer.Ordinal).ToArray();
        if (people.Length == 0)
        {
            throw new PeopleException($"{path} holds no people: it needs a folder of photos for each, named for the person.");
        }

        return Array.Find(people, name => !IsName(name)) is { } bad
            ? throw new PeopleException($"The folder {bad} cannot name a person: a name has 1 to {MaxNameLength} characters, none of them a control character, and is not unknown.")
            : people;
    }

    /// <summary>Whether a person may be called so.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && !name.Any(char.IsControl) && !name.Equals(Unknown, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> FilesIn(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false }).Order(StringComparer.Ordinal)
        : [];

    private static Reading Read(FaceEngine engine, string file, bool isPerson, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(file).Length > engine.Options.MaxPhotoBytes)
            {
                return Reading.Without("it is too large");
            }

            var photo = File.ReadAllBytes(file);
            var analyzed = engine.Analyze(photo, cancellationToken);
            return isPerson
                ? ChooseFace(engine, photo, analyzed, cancellationToken)
                : new Reading(analyzed.Fingerprint, analyzed.Faces, null);
        }
        catch (PhotoException exception)
        {
            return Reading.Without(exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Reading.Without($"it cannot be read: {exception.Message}");
        }
    }

    // The face that stands for its photo, as for a person's references.
    private static Reading ChooseFace(FaceEngine engine, byte[] photo, AnalyzedPhoto analyzed, CancellationToken cancellationToken)
    {
        using var picture = PhotoDecoding.Decode(photo, FaceEngine.WorkingSide, engine.Options, cancellationToken);
        var reading = ReferenceSelection.Read(picture, analyzed, face: null, engine.Options.MinReferenceFacePixels);
        return reading.Problem switch
        {
            null => new Reading(analyzed.Fingerprint, [analyzed.Faces.First(face => face.Box == reading.Box)], null),
            ReferenceProblem.NoFace => Reading.Without("no face was found"),
            ReferenceProblem.SeveralFaces => Reading.Without("several faces, and none stands out"),
            ReferenceProblem.FaceTooSmall => Reading.Without($"the face has fewer than {engine.Options.MinReferenceFacePixels} pixels"),
            _ => Reading.Without("the face is too blurred, too dark, too bright or too far turned away"),
        };
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
    private static void JoinStrangers(PhotoGroups groups, string path, (string File, int Label)[] files, int unknown)
    {
        var folders = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < files.Length; i++)
        {
            if (files[i].Label == unknown && System.IO.Path.GetDirectoryName(files[i].File)! is var folder && folder != System.IO.Path.Combine(path, Unknown)
                && !folders.TryAdd(folder, i))
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

    private sealed record Reading(PhotoFingerprint? Fingerprint, IReadOnlyList<DetectedFace> Faces, string? Problem)
    {
        public static Reading Without(string problem) => new(null, [], problem);
    }
}

/// <summary>A photo that nothing is learnt from.</summary>
/// <param name="Photo">The file, relative to the folder.</param>
/// <param name="Problem">Why, for people.</param>
public sealed record SkippedPhoto(string Photo, string Problem);
