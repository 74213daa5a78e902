using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>FindMe against face-api.js on the same files, in turns and in one run.</summary>
internal static class Peer
{
    /// <summary>The recipe that does what face-api.js does, bit for bit.</summary>
    public const string SameRecipe = "face-api";

    /// <summary>The same with the detector in 8 bits; whether its verdicts are the same is part of the answer.</summary>
    public const string SameRecipeInBytes = "face-api-int8";

    // Two faces further apart than this are two people to face-api.js: its documentation's own value.
    private const float PeerMatchDistance = 0.6f;

    private const float SameFaceOverlap = 0.5f;

    /// <summary>Measures the photos of a folder: FindMe with the peer's recipe, the peer, FindMe with the same in 8 bits and with its own, the peer, and again.</summary>
    /// <param name="engine">FindMe with its own recipe.</param>
    /// <param name="sameRecipe">FindMe with the peer's recipe.</param>
    /// <param name="inBytes">The same with its detector in 8 bits.</param>
    /// <param name="folder">Photos, also in its subfolders.</param>
    /// <param name="peerFolder">The folder of the installed peer.</param>
    /// <param name="rounds">How often each is asked for each photo; the least of its times counts, since other work can only add.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static (JsonObject Summary, JsonObject Details) Evaluate(
        FaceEngine engine, FaceEngine sameRecipe, FaceEngine inBytes, string folder, string peerFolder, int rounds, CancellationToken cancellationToken)
    {
        var photos = Speed.FindPhotos(folder).ConvertAll(path => new Photo(path, File.ReadAllBytes(path)));
        using var peer = PeerProcess.Start(peerFolder);
        using var progress = new Progress("photos", photos.Count * (rounds + 1));
        var peerRss = 0L;

        // A round that does not count: pages of models, compilers of both.
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
            throw new EvaluationException($"{folder} holds no photo that both can read.");
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

    // Ratios of what all photos take, by the least time of each: of time as somebody waits, and of the processors' time, which says what the
    // work costs whoever shares it and is disturbed less by what else the machine does.
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

    // Whether both saw the same: as many faces in the same places, and the same answer to "one person?" for every two of them.
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
