using System.Collections.Concurrent;

namespace FindMe.Faces.Tests;

/// <summary>The engine recognizes people: photos of one person match, photos of different people do not.</summary>
public sealed class AccuracyTests(EngineFixture fixture)
{
    // A fifth of a fold of Labeled Faces in the Wild (http://vis-www.cs.umass.edu/lfw/), enough to detect an error in any step.
    private const int PairsPerKind = 120;
    private const double MinAccuracy = 0.985;

    [Fact]
    public void The_default_distance_separates_pairs_of_one_person_from_pairs_of_two()
    {
        var rows = SharedPhotos.ReadRows("eval", "PAIRS.csv").Where(row => row[3] == "lfw_fold02" && row[4].Length == 0).ToList();
        var pairs = rows.Where(row => row[2] == "1").Take(PairsPerKind).Concat(rows.Where(row => row[2] == "0").Take(PairsPerKind)).ToList();
        var faces = new ConcurrentDictionary<string, FaceEmbedding?>();
        InParallel(pairs.SelectMany(row => row[..2]).Distinct(), file => faces[file] = ReadMainFace(SharedPhotos.Read("eval", file)));

        var right = pairs.Count(row =>
        {
            var isMatch = faces[row[0]] is { } a && faces[row[1]] is { } b && a.DistanceTo(b) <= fixture.Engine.MatchDistance;
            return isMatch == (row[2] == "1");
        });

        Assert.Equal(2 * PairsPerKind, pairs.Count);
        Assert.True(right >= MinAccuracy * pairs.Count, $"{right} of {pairs.Count} pairs are right.");
    }

    [Theory]
    [InlineData("public_event", 0.97, 0.97, 3)]
    [InlineData("public_lfw_event", 0.97, 0.97, 3)]
    public void References_find_their_people_in_the_photos_of_an_event(string scenario, double minPrecision, double minRecall, int everyNth)
    {
        var folder = Checkouts.Shared("scenario", scenario);
        var people = Directory.GetDirectories(Path.Combine(folder, "reference"));
        var truth = people.ToDictionary(person => person, person => SharedPhotos.ReadRows("scenario", scenario, $"TRUTH_{Path.GetFileName(person)}.csv").ToList());

        // All photos of the wanted people, but only every nth of the others, to save time; bench/FindMe.Evaluation uses all.
        var withSomebody = truth.Values.SelectMany(rows => rows).Where(row => row[1] == "1").Select(row => Path.GetFileName(row[0])).ToHashSet();
        var photos = new ConcurrentDictionary<string, AnalyzedPhoto>();
        InParallel(
            Directory.GetFiles(Path.Combine(folder, "photos")).Order(StringComparer.Ordinal).Where((path, number) => withSomebody.Contains(Path.GetFileName(path)) || number % everyNth == 0),
            path => photos[Path.GetFileName(path)] = fixture.Engine.Analyze(File.ReadAllBytes(path), CancellationToken.None));

        var (found, wrong, missed) = (0, 0, 0);
        foreach (var person in people)
        {
            var references = Directory.GetFiles(person)
                .Select(file => fixture.Engine.AnalyzeReference(File.ReadAllBytes(file), null, CancellationToken.None).Embedding!)
                .ToList();
            foreach (var row in truth[person].Where(row => photos.ContainsKey(Path.GetFileName(row[0]))))
            {
                var isMatch = fixture.Engine.Compare(photos[Path.GetFileName(row[0])], references).Kind == MatchKind.Match;
                var isThere = row[1] == "1";
                (found, wrong, missed) = (
                    found + (isMatch && isThere ? 1 : 0),
                    wrong + (isMatch && !isThere ? 1 : 0),
                    missed + (!isMatch && isThere ? 1 : 0));
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{scenario}: {found} found, {wrong} wrong, {missed} missed");
        Assert.True(found >= minPrecision * (found + wrong), $"{found} of {found + wrong} matches are right.");
        Assert.True(found >= minRecall * (found + missed), $"{found} of {found + missed} photos are found.");
    }

    // In these pictures, the person named by the file is the tallest face near the centre.
    private FaceEmbedding? ReadMainFace(byte[] photo)
    {
        var analyzed = fixture.Engine.Analyze(photo, CancellationToken.None);
        return analyzed.Faces
            .OrderByDescending(face => face.Box.Height - Math.Abs(face.Box.X + (face.Box.Width / 2) - (analyzed.Width / 2f)))
            .FirstOrDefault()?
            .Embedding;
    }

    private static void InParallel(IEnumerable<string> files, Action<string> action) =>
        Parallel.ForEach(files, new ParallelOptions { CancellationToken = TestContext.Current.CancellationToken }, action);
}
