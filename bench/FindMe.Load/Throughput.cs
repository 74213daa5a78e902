using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.Local;

namespace FindMe.Load;

/// <summary>Photos a second through the apps against those of the engine alone, in turns in one run: what the pipeline costs.</summary>
internal static class Throughput
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <summary>Measures.</summary>
    /// <param name="album">Only photos with people, or the engine has nothing to do.</param>
    /// <param name="people">Searches at the same time.</param>
    /// <param name="rounds">Turns of each.</param>
    public static async Task<JsonObject> MeasureAsync(string album, int people, int rounds)
    {
        var photos = Directory.GetFiles(album).Select(File.ReadAllBytes).ToList();
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = Checkout.Find().Models });
        await using var load = await LoadSystem.StartAsync([album]);
        var persons = await Task.WhenAll(Enumerable.Range(0, people).Select(async _ =>
        {
            var person = new Person(load.System.Page);
            await person.ShowAsync(LoadSystem.Selfie());
            return person;
        }));

        // Everything is compiled and every buffer made before the first turn counts.
        await PipelineAsync(load, persons[..1], album);
        Engine(engine, photos, 1);

        var engineRates = new List<double>();
        var pipelineRates = new List<double>();
        var before = load.System.Sidecar.Traffic.Of("findme-compare");
        for (var round = 0; round < rounds; round++)
        {
            engineRates.Add(Engine(engine, photos, people));
            pipelineRates.Add(await PipelineAsync(load, persons, album));
        }

        var spent = load.System.Sidecar.Traffic.Of("findme-compare").Since(before);
        var compared = (double)photos.Count * people * rounds;
        foreach (var person in persons)
        {
            person.Dispose();
        }

        return new JsonObject
        {
            ["photos"] = photos.Count,
            ["searches"] = people,
            ["enginePhotosPerSecond"] = Rounded(engineRates),
            ["pipelinePhotosPerSecond"] = Rounded(pipelineRates),
            ["overhead"] = Math.Round((engineRates.Order().ElementAt(rounds / 2) / pipelineRates.Order().ElementAt(rounds / 2)) - 1, 3),
            ["stateRequestsPerPhoto"] = Math.Round(spent.StateRequests / compared, 2),
            ["stateKeysPerPhoto"] = Math.Round(spent.StateKeys / compared, 2),
        };
    }

    private static double Engine(FaceEngine engine, List<byte[]> photos, int times)
    {
        var watch = Stopwatch.StartNew();
        Parallel.For(
            0,
            photos.Count * times,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            index => engine.Analyze(photos[index % photos.Count], CancellationToken.None));
        return photos.Count * times / watch.Elapsed.TotalSeconds;
    }

    private static async Task<double> PipelineAsync(LoadSystem load, IReadOnlyList<Person> persons, string album)
    {
        var watch = Stopwatch.StartNew();
        var views = await Task.WhenAll(persons.Select(async person =>
            await person.UntilEndedAsync(await person.SearchAsync(Path.GetFileName(album)), Patience, TimeSpan.FromSeconds(1))));
        var settled = views.Sum(view => view["photos"]!["compared"]!.GetValue<int>());
        return settled == views.Length * Directory.GetFiles(album).Length
            ? settled / watch.Elapsed.TotalSeconds
            : throw new InvalidDataException($"{settled} photos were compared on {load.System.Page}.");
    }

    private static JsonArray Rounded(IEnumerable<double> rates) => [.. rates.Select(rate => (JsonNode)Math.Round(rate, 2))];
}
