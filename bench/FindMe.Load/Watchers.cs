using System.Diagnostics;
using System.Text.Json.Nodes;
using LocalDapr.Faults;

namespace FindMe.Load;

/// <summary>Measures many watchers of one search: the delay of the last verdict, and the response time of a status request meanwhile.</summary>
internal static class Watchers
{
    /// <summary>Runs the measurement.</summary>
    /// <param name="album">The album's folder.</param>
    /// <param name="watchers">Number of concurrent streams.</param>
    public static async Task<JsonObject> MeasureAsync(string album, int watchers)
    {
        long lastVerdict = 0;
        await using var load = await LoadSystem.StartAsync([album], options => options with
        {
            Interceptor = new FaultInjection
            {
                Observe = call =>
                {
                    if (call is { AppId: "findme-compare", Kind: ObservedKind.StateWrite, Point: ObservedPoint.After })
                    {
                        Interlocked.Exchange(ref lastVerdict, Stopwatch.GetTimestamp());
                    }

                    return Task.CompletedTask;
                },
            },
        });
        using var person = new Visitor(load.System.Page, retries: true);
        await person.ShowDemoFaceAsync();
        var search = await person.SearchAsync(Path.GetFileName(album));
        var watching = Enumerable.Range(0, watchers).Select(_ => UntilFinishedAsync(person, search)).ToList();
        var statuses = new List<double>();
        while (!watching.TrueForAll(watch => watch.IsCompleted))
        {
            var begun = Stopwatch.GetTimestamp();
            await person.GetAsync($"/api/searches/{search}");
            statuses.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            await Task.Delay(100);
        }

        var known = (await Task.WhenAll(watching)).Select(at => Stopwatch.GetElapsedTime(Interlocked.Read(ref lastVerdict), at).TotalMilliseconds).Order().ToList();
        statuses.Sort();
        return new JsonObject
        {
            ["watchers"] = watchers,
            ["photos"] = Directory.GetFiles(album).Length,
            ["eventAfterVerdictMs"] = Percentiles(known),
            ["statusMs"] = Percentiles(statuses),
        };
    }

    // Returns the time of the event with the end of the search.
    private static async Task<long> UntilFinishedAsync(Visitor person, string search)
    {
        using var answer = await person.Http.GetAsync(new Uri($"/api/searches/{search}/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal) && JsonNode.Parse(line[5..])!["status"]!.GetValue<string>() == "finished")
            {
                return Stopwatch.GetTimestamp();
            }
        }

        throw new InvalidDataException("A stream ended before its search.");
    }

    private static JsonObject Percentiles(List<double> sorted) => new()
    {
        ["p50"] = Math.Round(sorted[sorted.Count / 2], 1),
        ["p95"] = Math.Round(sorted[sorted.Count * 95 / 100], 1),
        ["max"] = Math.Round(sorted[^1], 1),
    };
}
