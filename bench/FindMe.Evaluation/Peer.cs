using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Compares FindMe with face-api.js on the same files, alternating in one run.</summary>
internal static class Peer
{
    /// <summary>The recipe that computes the same as face-api.js, bit for bit.</summary>
    public const string SameRecipe = "face-api";

    /// <summary>The same recipe with an 8-bit detector. The result shows whether its verdicts are the same.</summary>
    public const string SameRecipeInBytes = "face-api-int8";

    // face-api.js' threshold for different people, from its documentation.
    private const float PeerMatchDistance = 0.6f;

    private const float SameFaceOverlap = 0.5f;

    /// <summary>Measures the photos of a folder, in rounds of: FindMe with the peer's recipe, the peer, FindMe with the 8-bit recipe and with its own, the peer.</summary>
    /// <param name="engine">FindMe with its own recipe.</param>
    /// <param name="sameRecipe">FindMe with the peer's recipe.</param>
    /// <param name="inBytes">FindMe with the peer's recipe and an 8-bit detector.</param>
    /// <param name="folder">Photos, also in its subfolders.</param>
    /// <param name="peerFolder">The folder of the installed peer.</param>
    /// <param name="rounds">Measurements per photo; the minimum counts, since other load only adds time.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FaceEngine engine, FaceEngine sameRecipe, FaceEngine inBytes, string folder, string peerFolder, int rounds, CancellationToken cancellationToken)
    {
        var photos = Speed.FindPhotos(folder).ConvertAll(path => new Photo(path, File.ReadAllBytes(path)));
        using var peer = PeerProcess.Start(peerFolder);
        using var progress = new Progress("photos", photos.Count * (rounds + 1));
        var peerRss = 0L;

        // Warm-up: loads the models and compiles both programs.
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var photo in photos)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (same, sameTime) = Measure(() => sameRecipe.Analyze(photo.Bytes, cancellationToken));
                var first = peer.Analyze(photo.Path);
                var (bytes, bytesTime) = Measure(() => inBytes.Analyze(photo.Bytes, cancellationToken));
                var (_, ownTime) = Measure(() => engine.Analyze(photo.Bytes, cancellationToken));
                var second = peer.Analyze(photo.Path);
                if (round > 0 && same is not null && bytes is not null && first is not null && second is not null)
                {
                    photo.Same.Add(sameTime);
                    photo.InBytes.Add(bytesTime);
                    photo.Own.Add(ownTime);
                    photo.Peer.Add(new Time(first.Ms, first.ProcessorMs));
                    photo.Peer.Add(new Time(second.Ms, second.ProcessorMs));
                    (photo.Found, photo.FoundInBytes, photo.PeerFound) = (same, bytes, second.Faces);
                    peerRss = Math.Max(peerRss, second.Rss);
                }

                progress.Step();
            }
        }

        photos.RemoveAll(photo => photo.Found is null);
        if (photos.Count == 0)
        {
            throw new EvaluationException($"{folder} has no photo that both can read.");
        }

        var summary = new JsonObject
        {
            ["photos"] = photos.Count,
            ["rounds"] = rounds,
            ["sameRecipe"] = Describe(photos, photo => photo.Same),
            ["sameRecipeInBytes"] = Describe(photos, photo => photo.InBytes),
            ["ownRecipe"] = Describe(photos, photo => photo.Own),
            ["peer"] = Describe(photos, photo => photo.Peer),
            ["agreement"] = Agree(photos, photo => photo.Found!),
            ["agreementInBytes"] = Agree(photos, photo => photo.FoundInBytes!),
            ["rssMb"] = ProcessMemory.Read("VmRSS") / 1_000_000,
            ["peerRssMb"] = peerRss / 1_000_000,
            ["setup"] = peer.Setup.DeepClone(),
        };
        return (summary, new JsonObject { ["photos"] = new JsonArray([.. photos.Select(photo => photo.Describe())]) });
    }

    private static (AnalyzedPhoto? Photo, Time Time) Measure(Func<AnalyzedPhoto> analyze)
    {
        var (started, processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        try
        {
            var photo = analyze();
            return (photo, new Time(Stopwatch.GetElapsedTime(started).TotalMilliseconds, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds));
        }
        catch (PhotoException)
        {
            return (null, default);
        }
    }

    // Ratios of the total over all photos, by the minimum time of each: of elapsed time, and of processor time, which other load on the machine
    // affects less.
    private static JsonObject Describe(List<Photo> photos, Func<Photo, List<Time>> times)
    {
        var waited = photos.ConvertAll(photo => times(photo).Min(time => time.Ms));
        var worked = photos.Sum(photo => times(photo).Min(time => time.ProcessorMs));
        return new JsonObject
        {
            ["medianMs"] = Math.Round(waited.Order().ElementAt(waited.Count / 2), 1),
            ["meanMs"] = Math.Round(waited.Average(), 1),
            ["meanProcessorMs"] = Math.Round(worked / photos.Count, 1),
            ["ratio"] = Math.Round(photos.Sum(photo => photo.Peer.Min(time => time.Ms)) / waited.Sum(), 2),
            ["ratioAllRounds"] = Math.Round(photos.Sum(photo => photo.Peer.Average(time => time.Ms)) / photos.Sum(photo => times(photo).Average(time => time.Ms)), 2),
            ["processorRatio"] = Math.Round(photos.Sum(photo => photo.Peer.Min(time => time.ProcessorMs)) / worked, 2),
        };
    }

    // Whether both results agree: the same faces at the same places, and the same decision "same person" for each pair.
    private static JsonObject Agree(List<Photo> photos, Func<Photo, AnalyzedPhoto> analyzed)
    {
        var (found, peerFound, apart) = (0, 0, 0f);
        var faces = new List<(FaceEmbedding Ours, FaceEmbedding Theirs)>();
        foreach (var photo in photos)
        {
            var mine = analyzed(photo).Faces;
            found += mine.Count;
            peerFound += photo.PeerFound.Count;
            foreach (var theirs in photo.PeerFound)
            {
                var ours = mine.MaxBy(face => face.Box.OverlapWith(theirs.ToBox()));
                if (ours is not null && ours.Box.OverlapWith(theirs.ToBox()) > SameFaceOverlap)
                {
                    faces.Add((ours.Embedding, theirs.ToEmbedding()));
                    apart = Math.Max(apart, faces[^1].Ours.DistanceTo(faces[^1].Theirs));
                }
            }
        }

        var (verdicts, differ) = (0, 0);
        for (var i = 0; i < faces.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                verdicts++;
                var (ours, theirs) = (faces[i].Ours.DistanceTo(faces[j].Ours), faces[i].Theirs.DistanceTo(faces[j].Theirs));
                differ += ours <= PeerMatchDistance != theirs <= PeerMatchDistance ? 1 : 0;
            }
        }

        return new JsonObject
        {
            ["faces"] = found,
            ["peerFaces"] = peerFound,
            ["inBoth"] = faces.Count,
            ["largestDistance"] = Report.Round(apart),
            ["verdicts"] = verdicts,
            ["verdictsThatDiffer"] = differ,
        };
    }

    private readonly record struct Time(double Ms, double ProcessorMs);

    private sealed record Photo(string Path, byte[] Bytes)
    {
        public List<Time> Same { get; } = [];

        public List<Time> InBytes { get; } = [];

        public List<Time> Own { get; } = [];

        public List<Time> Peer { get; } = [];

        public AnalyzedPhoto? Found { get; set; }

        public AnalyzedPhoto? FoundInBytes { get; set; }

        public IReadOnlyList<PeerProcess.Face> PeerFound { get; set; } = [];

        public JsonObject Describe() => new()
        {
            ["photo"] = System.IO.Path.GetFileName(Path),
            ["sameMs"] = new JsonArray([.. Same.Select(time => JsonValue.Create(Math.Round(time.Ms, 2)))]),
            ["sameInBytesMs"] = new JsonArray([.. InBytes.Select(time => JsonValue.Create(Math.Round(time.Ms, 2)))]),
            ["ownMs"] = new JsonArray([.. Own.Select(time => JsonValue.Create(Math.Round(time.Ms, 2)))]),
            ["peerMs"] = new JsonArray([.. Peer.Select(time => JsonValue.Create(Math.Round(time.Ms, 2)))]),
        };
    }
}
