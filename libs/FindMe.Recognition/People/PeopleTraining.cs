using System.Diagnostics;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Trains a people model from a folder of photos, and measures its accuracy.</summary>
public static class PeopleTraining
{
    private const string Card =
        "Names the people it was trained for in photos, and calls everybody else unknown. It contains biometric data: train it with their "
        + "consent, protect it like their photos, and delete it with their photos. A name is a likeness, not a proof of identity: never base "
        + "a decision that matters to a person on it alone.";

    // With fewer groups, a holdout would leave too little for training.
    private const int MinGroupsToSplit = 3;

    /// <summary>
    /// Trains a model on all photos. To measure the accuracy, it first trains another model without the holdout photos.
    /// </summary>
    /// <param name="engine">Finds and embeds the faces.</param>
    /// <param name="folder">Contains one folder of photos per person, named after the person, and <c>unknown</c> for strangers and pictures without people.</param>
    /// <param name="options">Options for training.</param>
    /// <param name="progress">Called with the number of processed photos and the total, from several threads.</param>
    /// <param name="cancellationToken">Cancels training.</param>
    /// <exception cref="PeopleException">The folder has no usable photos, or an option is out of range.</exception>
    public static TrainedPeople Train(
        FaceEngine engine, string folder, PeopleOptions options, Action<int, int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var start = Stopwatch.GetTimestamp();
        var photos = PeopleFolder.Read(engine, folder, options, progress, cancellationToken);
        var read = Stopwatch.GetTimestamp();
        var holdout = Split(photos, options);
        var card = new PeopleCard(
            Card,
            options.Seed,
            photos.People.Select((person, label) => (person, Count: photos.Faces.Count(face => face.Label == label))).ToDictionary(pair => pair.person, pair => pair.Count),
            photos.Faces.Count(face => face.Label == photos.UnknownLabel),
            options.Augmentations,
            null);
        PeopleModel? measuredModel = null;
        if (holdout.Count > 0)
        {
            (measuredModel, _) = Fit(engine, photos, [.. photos.Faces.Where((_, index) => !holdout.Contains(index))], card, options, cancellationToken);
            card = card with { Measured = Measure(photos, holdout, face => (measuredModel.Name(face.Face.Embedding).Name, measuredModel.Likeliest(face.Face.Embedding))) };
        }

        var fitting = Stopwatch.GetTimestamp();
        var (model, lookalikes) = Fit(engine, photos, photos.Faces, card, options, cancellationToken);
        var end = Stopwatch.GetTimestamp();
        return new TrainedPeople(
            model,
            [.. lookalikes.Select(found => $"{photos.Faces[found.Face].Photo} looks like {photos.People[found.Person]}: is it in the right folder?")],
            photos,
            holdout,
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

    /// <summary>Chooses the holdout faces of each person and of strangers, in whole groups.</summary>
    private static SortedSet<int> Split(PeopleFolder photos, PeopleOptions options)
    {
        var holdout = new SortedSet<int>();
        foreach (var label in photos.Faces.Select(face => face.Label).Distinct().Order().ToArray())
        {
            var groups = photos.Faces.Where(face => face.Label == label).Select(face => face.Group).Distinct().Order().ToArray();
            if (options.HoldoutPercent == 0 || groups.Length < MinGroupsToSplit)
            {
                continue;
            }

            options.RandomOf(label).Shuffle(groups);
            var chosen = groups.Take(Math.Max(1, (int)Math.Round(groups.Length * options.HoldoutPercent / 100.0))).ToHashSet();
            holdout.UnionWith(Enumerable.Range(0, photos.Faces.Count).Where(index => photos.Faces[index].Label == label && chosen.Contains(photos.Faces[index].Group)));
        }

        return holdout;
    }

    private static (PeopleModel Model, IReadOnlyList<(int Face, int Person)> Lookalikes) Fit(
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
            .Select(label => Rejection.Centroid([.. faces.Where(face => face.Label == label).Select(face => face.Face.Embedding)], recipe.Metric, without: null))
            .ToArray();
        var rejection = Rejection.Learn([.. faces.Select(face => (face.Label, face.Face.Embedding))], centroids, recipe, options.StrangersPercent);
        return (new PeopleModel(photos.People, engine.Recipe, head, centroids, rejection.Midpoints, recipe.Confidence.Steepness, card), rejection.Lookalikes);
    }
}

/// <summary>A trained people model, with details of its training.</summary>
public sealed class TrainedPeople
{
    internal TrainedPeople(PeopleModel model, IReadOnlyList<string> lookalikes, PeopleFolder folder, IReadOnlyCollection<int> holdout, PeopleModel? measuredModel, TimeSpan reading, TimeSpan training)
    {
        (Model, Lookalikes, Folder, Holdout, MeasuredModel) = (model, lookalikes, folder, holdout, measuredModel);
        (Reading, Training) = (reading, training);
    }

    /// <summary>The model; its card contains the measured accuracy.</summary>
    public PeopleModel Model { get; }

    /// <summary>Warnings about photos that look like another person and may be in the wrong folder, one line each.</summary>
    public IReadOnlyList<string> Lookalikes { get; }

    /// <summary>Skipped photos and folders, and why.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped => Folder.Skipped;

    /// <summary>Number of photo files.</summary>
    public int Photos => Folder.Files.Photos.Length;

    /// <summary>Number of files without a photo's extension.</summary>
    public int OtherFiles => Folder.Files.OtherFiles;

    /// <summary>Number of pictures in <c>unknown</c> without a detected face.</summary>
    public int WithoutFace => Folder.WithoutFace;

    /// <summary>Duration of finding and embedding the faces and their changed copies.</summary>
    public TimeSpan Reading { get; }

    /// <summary>Duration of training the head on all faces.</summary>
    public TimeSpan Training { get; }

    internal PeopleFolder Folder { get; }

    /// <summary>Indices of the holdout faces.</summary>
    internal IReadOnlyCollection<int> Holdout { get; }

    /// <summary>The model trained without the holdout; null without a holdout.</summary>
    internal PeopleModel? MeasuredModel { get; }
}
