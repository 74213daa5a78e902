using System.Diagnostics;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A folder of people → a model that names them, and how good it is.</summary>
public static class PeopleTraining
{
    private const string Card =
        "Names the people it was trained for in photos, and calls everybody else unknown. It holds what their faces look like to the network: "
        + "keep it like their photos, train it with their consent, delete it with their photos. A name is a likeness, no proof of identity: "
        + "nothing that matters to a person should be decided by it alone.";

    // Fewer groups than this leave nothing to learn from once some are kept aside.
    private const int LeastGroupsToSplit = 3;

    /// <summary>
    /// Trains. The measurement is of a model that has not seen the photos it is measured with; the model that comes back has learnt from
    /// them as well.
    /// </summary>
    /// <param name="engine">Finds and embeds the faces.</param>
    /// <param name="folder">A folder of photos for each person, named for them; <c>unknown</c> for strangers and for pictures of no person.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Gets the number of photos read so far, their changed copies made, and of all; from several threads.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="PeopleException">There is nothing to learn, or an option is out of its range.</exception>
    public static TrainedPeople Train(
        FaceEngine engine, string folder, PeopleOptions options, Action<int, int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var start = Stopwatch.GetTimestamp();
        var photos = PeopleFolder.Read(engine, folder, options, progress, cancellationToken);
        var read = Stopwatch.GetTimestamp();
        var keptAside = Split(photos, options);
        var card = new PeopleCard(
            Card,
            options.Seed,
            photos.People.Select((person, label) => (person, Count: photos.Faces.Count(face => face.Label == label))).ToDictionary(pair => pair.person, pair => pair.Count),
            photos.Faces.Count(face => face.Label == photos.UnknownLabel),
            options.Augmentations,
            null);
        PeopleModel? measuredModel = null;
        if (keptAside.Count > 0)
        {
            (measuredModel, _) = Fit(engine, photos, [.. photos.Faces.Where((_, index) => !keptAside.Contains(index))], card, options, cancellationToken);
            card = card with { Measured = Measure(photos, keptAside, face => (measuredModel.Name(face.Face.Embedding).Name, measuredModel.Likeliest(face.Face.Embedding))) };
        }

        var fitting = Stopwatch.GetTimestamp();
        var (model, alike) = Fit(engine, photos, photos.Faces, card, options, cancellationToken);
        var end = Stopwatch.GetTimestamp();
        return new TrainedPeople(
            model,
            [.. alike.Select(found => $"{photos.Faces[found.Face].Photo} looks like {photos.People[found.Person]}: is it in the right folder?")],
            photos,
            keptAside,
            measuredModel,
            Stopwatch.GetElapsedTime(start, read),
            Stopwatch.GetElapsedTime(fitting, end));
    }

    internal static PeopleMeasurement Measure(PeopleFolder photos, IEnumerable<int> faces, Func<LabelledFace, (string Name, string Likeliest)> name) =>
        PeopleMeasurement.Of(photos.People, faces.Select(index =>
        {
            var (named, likeliest) = name(photos.Faces[index]);
            return (photos.Faces[index].Label, named, likeliest);
        }));

    /// <summary>Chooses the faces that are kept aside: of each person and of strangers, whole groups at a time.</summary>
    private static SortedSet<int> Split(PeopleFolder photos, PeopleOptions options)
    {
        var keptAside = new SortedSet<int>();
        foreach (var label in photos.Faces.Select(face => face.Label).Distinct().Order().ToArray())
        {
            var groups = photos.Faces.Where(face => face.Label == label).Select(face => face.Group).Distinct().Order().ToArray();
            if (options.HoldoutPercent == 0 || groups.Length < LeastGroupsToSplit)
            {
                continue;
            }

            options.RandomOf(label).Shuffle(groups);
            var chosen = groups.Take(Math.Max(1, (int)Math.Round(groups.Length * options.HoldoutPercent / 100.0))).ToHashSet();
            keptAside.UnionWith(Enumerable.Range(0, photos.Faces.Count).Where(index => photos.Faces[index].Label == label && chosen.Contains(photos.Faces[index].Group)));
        }

        return keptAside;
    }

    private static (PeopleModel Model, IReadOnlyList<(int Face, int Person)> Alike) Fit(
        FaceEngine engine, PeopleFolder photos, IReadOnlyList<LabelledFace> faces, PeopleCard card, PeopleOptions options, CancellationToken cancellationToken)
    {
        var embeddings = new List<ReadOnlyMemory<float>>();
        var labels = new List<int>();
        foreach (var face in faces)
        {
            foreach (var embedding in face.Copies.Prepend(face.Face.Embedding))
            {
                embeddings.Add(embedding.Values.ToArray());
                labels.Add(face.Label);
            }
        }

        var classes = photos.People.Length + (faces.Any(face => face.Label == photos.UnknownLabel) ? 1 : 0);
        var head = SoftmaxHead.Train(embeddings, labels, classes, cancellationToken);
        var recipe = engine.RecognitionRecipe;
        var centroids = Enumerable.Range(0, photos.People.Length)
            .Select(label => Rejection.Centre([.. faces.Where(face => face.Label == label).Select(face => face.Face.Embedding)], recipe.Metric, without: null))
            .ToArray();
        var rejection = Rejection.Learn([.. faces.Select(face => (face.Label, face.Face.Embedding))], centroids, recipe, options.StrangersPercent);
        return (new PeopleModel(photos.People, engine.Recipe, head, centroids, rejection.Midpoints, recipe.Confidence.Steepness, card), rejection.Alike);
    }
}

/// <summary>A model and how it came about.</summary>
public sealed class TrainedPeople
{
    internal TrainedPeople(PeopleModel model, IReadOnlyList<string> alike, PeopleFolder folder, IReadOnlyCollection<int> keptAside, PeopleModel? measuredModel, TimeSpan reading, TimeSpan training)
    {
        (Model, Alike, Folder, KeptAside, MeasuredModel) = (model, alike, folder, keptAside, measuredModel);
        (Reading, Training) = (reading, training);
    }

    /// <summary>The model; its card holds the measurement.</summary>
    public PeopleModel Model { get; }

    /// <summary>Photos that are most likely in the wrong folder, a line each.</summary>
    public IReadOnlyList<string> Alike { get; }

    /// <summary>Photos that nothing was learnt from and folders that were not looked into, and why.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped => Folder.Skipped;

    /// <summary>Files that were read.</summary>
    public int Photos => Folder.Files.Photos.Length;

    /// <summary>Files that are not called like photos.</summary>
    public int OtherFiles => Folder.Files.Others;

    /// <summary>Pictures of <c>unknown</c> in which nothing was taken for a face, which is right where there is none.</summary>
    public int WithoutFace => Folder.WithoutFace;

    /// <summary>Time to find and embed the faces and their changed copies.</summary>
    public TimeSpan Reading { get; }

    /// <summary>Time to train the head on all of them.</summary>
    public TimeSpan Training { get; }

    internal PeopleFolder Folder { get; }

    /// <summary>Indices of the faces that were kept aside.</summary>
    internal IReadOnlyCollection<int> KeptAside { get; }

    /// <summary>The model that has not seen them; null if none were.</summary>
    internal PeopleModel? MeasuredModel { get; }
}
