using System.Diagnostics;
using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.Local;

namespace FindMe.Load;

/// <summary>Measures the pipeline's overhead: photos per second through the apps and of the engine alone, alternately in one run.</summary>
internal static class Throughput
{
    private const string Sidecar = "findme-local (the sidecar, and who asks)";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(20);

    /// <summary>Runs the measurement.</summary>
    /// <param name="album">An album; all photos must show people, so that the engine has work.</param>
    /// <param name="warmUp">A smaller album, to compile the code and allocate buffers before the measurement.</param>
    /// <param name="people">Number of concurrent searches.</param>
    /// <param name="rounds">Number of rounds.</param>
    public static async Task<JsonObject> MeasureAsync(string album, string warmUp, int people, int rounds)
    {
        var photos = Directory.GetFiles(album).Select(File.ReadAllBytes).ToList();
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = Checkout.Find().Models });
        await using var load = await LoadSystem.StartAsync([album, warmUp]);
        var persons = await Task.WhenAll(Enumerable.Range(0, people).Select(async _ =>
        {
            var person = new Visitor(load.System.Page, retries: true);
            await person.ShowDemoFaceAsync();
            return person;
        }));

        await PipelineAsync(load, persons[..1], warmUp);
        Engine(engine, [.. Directory.GetFiles(warmUp).Select(File.ReadAllBytes)], 1);

        var engineRates = new List<double>();
        var pipelineRates = new List<double>();
        var engineSeconds = 0d;
        var processorSeconds = new Dictionary<string, double>();
        var before = load.System.Sidecar.Traffic.Of("findme-compare");
        for (var round = 0; round < rounds; round++)
        {
            var begun = ProcessorSeconds(load);
            engineRates.Add(Engine(engine, photos, people));
            var between = ProcessorSeconds(load);
            pipelineRates.Add(await PipelineAsync(load, persons, album));
            var ended = ProcessorSeconds(load);
            Console.WriteLine($"engine {engineRates[^1]:0.00} photos/s, pipeline {pipelineRates[^1]:0.00}");
            engineSeconds += between[Sidecar] - begun[Sidecar];
            foreach (var (name, seconds) in ended)
            {
                processorSeconds[name] = processorSeconds.GetValueOrDefault(name) + seconds - between[name];
            }
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
            ["overhead"] = Math.Round((pipelineRates.Average(rate => 1 / rate) / engineRates.Average(rate => 1 / rate)) - 1, 3),
            ["engineProcessorMsPerPhoto"] = Math.Round(engineSeconds / compared * 1000, 1),
            ["pipelineProcessorMsPerPhoto"] = new JsonObject(processorSeconds.Select(
                process => KeyValuePair.Create(process.Key, (JsonNode?)Math.Round(process.Value / compared * 1000, 1)))),
            ["processorOverhead"] = Math.Round((processorSeconds.Values.Sum() / engineSeconds) - 1, 3),
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

    private static async Task<double> PipelineAsync(LoadSystem load, IReadOnlyList<Visitor> persons, string album)
    {
        var watch = Stopwatch.StartNew();
        var views = await Task.WhenAll(persons.Select(async person =>
            await person.UntilEndedAsync(await person.SearchAsync(Path.GetFileName(album)), Timeout, TimeSpan.FromSeconds(1))));
        var settled = views.Sum(view => view["photos"]!["compared"]!.GetValue<int>());
        return settled == views.Length * Directory.GetFiles(album).Length
            ? settled / watch.Elapsed.TotalSeconds
            : throw new InvalidDataException($"{settled} photos were compared on {load.System.Page}.");
    }

    // Processor time, which excludes other programs' load, unlike photos per second.
    private static Dictionary<string, double> ProcessorSeconds(LoadSystem load)
    {
        var seconds = new Dictionary<string, double> { [Sidecar] = Environment.CpuUsage.TotalTime.TotalSeconds };
        foreach (var (name, id) in load.System.Processes.Running())
        {
            using var process = Process.GetProcessById(id);
            seconds[name] = process.TotalProcessorTime.TotalSeconds;
        }

        return seconds;
    }

    private static JsonArray Rounded(IEnumerable<double> rates) => [.. rates.Select(rate => (JsonNode)Math.Round(rate, 2))];
}
