using System.Diagnostics;
using System.Text.Json.Nodes;

namespace FindMe.Load;

/// <summary>Measures a small search behind a large one, and many large searches at once.</summary>
internal static class Fairness
{
    private const int SmallPhotos = 20;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(20);

    /// <summary>Times a small search alone and behind a large one.</summary>
    /// <param name="folder">Parent folder of the generated albums.</param>
    /// <param name="largePhotos">Number of photos of the large search.</param>
    /// <param name="side">Longer side of the photos in pixels; all photos show people.</param>
    public static async Task<JsonObject> SmallBehindLargeAsync(string folder, int largePhotos, int side)
    {
        var small = LoadSystem.MakeAlbum(folder, "small", SmallPhotos, facesEvery: 1, side);
        var large = LoadSystem.MakeAlbum(folder, "large", largePhotos, facesEvery: 1, side);
        await using var load = await LoadSystem.StartAsync([small, large]);
        using var ada = new Visitor(load.System.Page, retries: true);
        using var bob = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        await bob.ShowDemoFaceAsync();
        await TimeAsync(ada, "small");

        var alone = new List<double>();
        var behind = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            alone.Add(await TimeAsync(ada, "small"));
            var search = await bob.SearchAsync("large");
            while ((await bob.GetAsync($"/api/searches/{search}"))["photos"]!["compared"]!.GetValue<int>() < 5)
            {
                await Task.Delay(50);
            }

            behind.Add(await TimeAsync(ada, "small"));
            var progress = await bob.GetAsync($"/api/searches/{search}");
            if (progress["status"]!.GetValue<string>() == "finished")
            {
                throw new InvalidDataException("The large search finished before the small one: give it more photos.");
            }

            (await bob.Http.DeleteAsync(new Uri($"/api/searches/{search}", UriKind.Relative))).Dispose();
        }

        return new JsonObject
        {
            ["smallPhotos"] = SmallPhotos,
            ["largePhotos"] = largePhotos,
            ["secondsAlone"] = Rounded(alone),
            ["secondsBehind"] = Rounded(behind),
            ["ratio"] = Math.Round(behind.Order().ElementAt(1) / alone.Order().ElementAt(1), 2),
        };
    }

    /// <summary>Runs many large searches at once.</summary>
    /// <param name="folder">Parent folder of the generated album.</param>
    /// <param name="searches">Number of searches, each by a different person.</param>
    /// <param name="photos">Number of photos per search; one in 50 shows people.</param>
    public static async Task<JsonObject> CrowdAsync(string folder, int searches, int photos)
    {
        var album = LoadSystem.MakeAlbum(folder, "crowd", photos, facesEvery: 50, maxSide: 320);
        await using var load = await LoadSystem.StartAsync([album]);
        var watch = Stopwatch.StartNew();
        var slowestStart = 0d;
        await Task.WhenAll(Enumerable.Range(0, searches).Select(async _ =>
        {
            using var person = new Visitor(load.System.Page, retries: true);
            await person.ShowDemoFaceAsync();
            var search = await person.SearchAsync("crowd");
            var begun = watch.Elapsed.TotalSeconds;
            while ((await person.GetAsync($"/api/searches/{search}"))["photos"]!["compared"]!.GetValue<int>() == 0)
            {
                await Task.Delay(200);
            }

            lock (watch)
            {
                slowestStart = Math.Max(slowestStart, watch.Elapsed.TotalSeconds - begun);
            }

            var view = await person.UntilEndedAsync(search, Timeout, TimeSpan.FromSeconds(2));
            if (view["photos"]!["compared"]!.GetValue<int>() != photos)
            {
                throw new InvalidDataException($"A search ended as {view["status"]} {view["photos"]!.ToJsonString()}.");
            }
        }));

        return new JsonObject
        {
            ["searches"] = searches,
            ["photosEach"] = photos,
            ["seconds"] = Math.Round(watch.Elapsed.TotalSeconds, 1),
            ["secondsUntilTheLastHadAVerdict"] = Math.Round(slowestStart, 1),
            ["peakMemoryMiB"] = new JsonObject(load.System.Processes.Running()
                .Select(process => KeyValuePair.Create(process.Name, (JsonNode?)PeakMemory(process.Id)))
                .Append(KeyValuePair.Create("findme-local (the sidecar, and this program)", (JsonNode?)PeakMemory(Environment.ProcessId)))),
        };
    }

    private static async Task<double> TimeAsync(Visitor person, string album)
    {
        var watch = Stopwatch.StartNew();
        await person.UntilEndedAsync(await person.SearchAsync(album), Timeout, TimeSpan.FromMilliseconds(100));
        return watch.Elapsed.TotalSeconds;
    }

    private static int PeakMemory(int process) => int.Parse(
        File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;

    private static JsonArray Rounded(IEnumerable<double> seconds) => [.. seconds.Select(value => (JsonNode)Math.Round(value, 2))];
}
