using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Composes albums of people who look alike, or of chosen people, and searches each person with and without the album's margin.</summary>
internal static class Albums
{
    /// <summary>Evaluates the margin of <see cref="FaceEngine.AlbumMarginOf"/>.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The manifest, in the format of <see cref="Identities.Read"/>.</param>
    /// <param name="groups">Files with the names of people, separated by spaces or lines: each is an album of its own.</param>
    /// <param name="sizes">Numbers of pictures: for each, albums of people chosen by chance.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FaceEngine engine, string path, IReadOnlyList<FileInfo> groups, IReadOnlyList<int> sizes, CancellationToken cancellationToken)
    {
        var identities = Identities.Read(engine, path, cancellationToken);
        var pictures = identities.Portraits.Select(portrait => new Picture(portrait, identities.Photos[portrait.Path]!)).ToList();
        var albums = new JsonObject();
        foreach (var folder in pictures.GroupBy(picture => picture.Portrait.Group).Where(group => group.DistinctBy(picture => picture.Person).Count() > 1))
        {
            albums[folder.Key] = Measure(engine, Compose([.. folder]));
        }

        foreach (var file in groups)
        {
            var names = File.ReadAllText(file.FullName).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
            var group = pictures.Where(picture => names.Contains(picture.Person)).ToList();
            var others = pictures.Where(picture => !names.Contains(picture.Person) && picture.Portrait.Group == group.FirstOrDefault()?.Portrait.Group).ToList();
            albums[Path.GetFileNameWithoutExtension(file.Name)] = Measure(engine, Compose(group));
            albums[$"half {Path.GetFileNameWithoutExtension(file.Name)}"] =
                Measure(engine, Draw(others, group.Count, albums: 10).SelectMany(drawn => Compose([.. group, .. drawn])));
        }

        foreach (var size in sizes)
        {
            albums[$"{size} by chance"] = Measure(engine, Draw(pictures, size, albums: 40).SelectMany(Compose));
        }

        return (new JsonObject { ["albums"] = albums }, []);
    }

    // All pictures of people chosen by chance, until there are enough; the same ones in every run.
    private static IEnumerable<List<Picture>> Draw(List<Picture> pictures, int size, int albums)
    {
        var random = new Random(1);
        var people = pictures.GroupBy(picture => picture.Person).Select(person => person.ToList()).ToArray();
        for (var album = 0; album < albums; album++)
        {
            random.Shuffle(people);
            var drawn = new List<Picture>();
            foreach (var person in people.TakeWhile(_ => drawn.Count < size))
            {
                drawn.AddRange(person);
            }

            yield return drawn;
        }
    }

    // Two pictures of a person are references, each of a search of its own, one where there are only two; everything else is the album.
    private static List<Album> Compose(List<Picture> pictures)
    {
        var references = pictures.GroupBy(picture => picture.Person).SelectMany(person => person.Take(Math.Min(2, person.Count() - 1))).ToList();
        var album = pictures.Except(references).ToList();
        return [.. references.Select(reference => new Album(reference.Portrait, album))];
    }

    private static JsonObject Measure(FaceEngine engine, IEnumerable<Album> albums)
    {
        var (usual, closer, margins, pictures) = (new Scores(), new Scores(), new List<float>(), new List<int>());
        foreach (var album in albums)
        {
            var photos = album.Pictures.Select(picture => (picture.Person, Verdict: engine.Compare(picture.Photo, [album.Reference.Reference], engine.OtherPersonDistance), picture.Photo)).ToList();
            var margin = engine.AlbumMarginOf(photos.Select(photo => new AlbumPhoto(photo.Photo.Faces.Count, photo.Verdict.Distance)));
            margins.Add(margin);
            pictures.Add(photos.Count);
            foreach (var (person, verdict, _) in photos)
            {
                usual.Add(person == album.Reference.Person, verdict.Kind);
                closer.Add(person == album.Reference.Person, verdict.Distance is { } distance ? engine.KindAt(distance + margin) : MatchKind.No);
            }
        }

        margins.Sort();
        pictures.Sort();
        return new JsonObject
        {
            ["searches"] = margins.Count,
            ["photos"] = pictures[pictures.Count / 2],
            ["usual"] = usual.ToJson(),
            ["withMargin"] = closer.ToJson(),
            ["margins"] = new JsonObject
            {
                ["none"] = margins.Count(margin => margin == 0),
                ["median"] = Report.Round(margins[margins.Count / 2]),
                ["most"] = Report.Round(margins[^1]),
            },
        };
    }

    private sealed record Picture(Portrait Portrait, AnalyzedPhoto Photo)
    {
        public string Person => Portrait.Person;
    }

    private sealed record Album(Portrait Reference, List<Picture> Pictures);

    private sealed class Scores
    {
        private readonly Dictionary<(bool IsPerson, MatchKind Kind), int> _counts = [];

        public void Add(bool isPerson, MatchKind kind) => _counts[(isPerson, kind)] = Of(isPerson, kind) + 1;

        public JsonObject ToJson()
        {
            var (found, wrong) = (Of(true, MatchKind.Match), Of(false, MatchKind.Match));
            var missed = Of(true, MatchKind.Maybe) + Of(true, MatchKind.No);
            return new JsonObject
            {
                ["found"] = found,
                ["wrong"] = wrong,
                ["missed"] = missed,
                ["f1"] = Report.Round(2.0 * found / ((2 * found) + wrong + missed)),
                ["maybe"] = new JsonObject { ["right"] = Of(true, MatchKind.Maybe), ["wrong"] = Of(false, MatchKind.Maybe) },
            };
        }

        private int Of(bool isPerson, MatchKind kind) => _counts.GetValueOrDefault((isPerson, kind));
    }
}
