using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.Faces;
using Microsoft.Playwright;

namespace FindMe.Page.Tests;

/// <summary>An ended search that no server has: as many photos as a test needs, as sure as it wants, and what the page sends about them.</summary>
internal sealed class MadeUpSearch
{
    public const string Id = "00112233445566778899aabbccddeeff";

    private readonly Dictionary<string, JsonObject> _matches = [];
    private readonly List<JsonObject> _skipped = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was said of photos, in order: <c>photo1=True</c>.</summary>
    public List<string> Said { get; } = [];

    /// <summary>Requests other than for pictures.</summary>
    public int Requests { get; private set; }

    /// <summary>How many of the next judgements fail.</summary>
    public int Failures { get; set; }

    /// <summary>Retries of skipped photos.</summary>
    public int Retries { get; private set; }

    /// <param name="band">clear, likely or check.</param>
    /// <param name="distance">How far the face is from the person's.</param>
    /// <param name="confidence">How sure that is; null: as the band says.</param>
    /// <param name="description">The post's text.</param>
    /// <param name="network">Where it was posted; null: in an album.</param>
    public MadeUpSearch Add(string band, float distance, double? confidence = null, string? description = null, string? network = null)
    {
        var photo = $"photo{_matches.Count + 1}.jpg";
        _matches[photo] = new JsonObject
        {
            ["post"] = new JsonObject { ["id"] = photo, ["network"] = network, ["author"] = network is null ? null : "ann@example.social", ["url"] = network is null ? null : "https://example.social/1", ["description"] = description },
            ["photo"] = new JsonObject { ["id"] = photo, ["url"] = $"/api/searches/{Id}/photos/1-{_matches.Count}", ["width"] = 1200, ["height"] = 800 + (50 * (_matches.Count % 9)) },
            ["box"] = new JsonObject { ["x"] = 300, ["y"] = 200, ["width"] = 200, ["height"] = 240 },
            ["distance"] = distance,
            ["confidence"] = confidence ?? (band == "clear" ? 0.95 : band == "likely" ? 0.8 : 0.5),
            ["band"] = band,
            ["verdict"] = band == "check" ? "maybe" : "match",
        };
        return this;
    }

    /// <summary>How much nearer than usual a face had to be; told at the end, when every match is a tenth less sure if this is more than 0.</summary>
    public double AlbumMargin { get; init; }

    /// <summary>The photo that does not count any more at the end; null: none.</summary>
    public string? TakenBack { get; init; }

    public MadeUpSearch AddSkipped(string name, string reason, bool canRetry)
    {
        _skipped.Add(new JsonObject { ["photo"] = new JsonObject { ["id"] = name }, ["reason"] = reason, ["canRetry"] = canRetry });
        return this;
    }

    /// <summary>Makes a visitor's requests for it come here, and shows it.</summary>
    public async Task OpenAsync(PageVisitor visitor)
    {
        await AnswerRequestsAsync(visitor);
        await visitor.Page.GotoAsync($"/#search={Id}");
        await visitor.SearchEndsAsync("Done.");
    }

    /// <summary>Shows it while it is under way, until <see cref="End"/>.</summary>
    public async Task OpenRunningAsync(PageVisitor visitor)
    {
        await AnswerRequestsAsync(visitor);
        await visitor.Page.RouteAsync($"**/api/searches/{Id}/events", TellEndAsync);
        await visitor.Page.RouteAsync($"**/api/searches/{Id}", route => route.FulfillAsync(new() { Json = JsonSerializer.SerializeToElement(View("processing")) }));
        await visitor.Page.GotoAsync($"/#search={Id}");
        await visitor.SomethingIsFoundAsync();
    }

    private async Task AnswerRequestsAsync(PageVisitor visitor)
    {
        // As large as the server would send it.
        var picture = PhotoRendering.ToJpeg(await File.ReadAllBytesAsync(Albums.Sample(2), TestContext.Current.CancellationToken), 480);
        await visitor.Page.RouteAsync($"**/api/searches/{Id}**", route => AnswerAsync(route, picture));
        await visitor.Page.RouteAsync($"**/api/searches/{Id}/**", route => AnswerAsync(route, picture));
    }

    /// <summary>Ends it, as the server would: by an event.</summary>
    public void End() => _ended.SetResult();

    private async Task TellEndAsync(IRoute route)
    {
        await _ended.Task;
        if (TakenBack is { } photo)
        {
            _matches[photo]["verdict"] = "no";
        }

        if (AlbumMargin > 0)
        {
            foreach (var match in _matches.Values)
            {
                match["confidence"] = match["confidence"]!.GetValue<double>() - 0.1;
            }
        }

        var view = View("finished");
        view["matches"] = new JsonArray([.. _matches.Values.Where(match => match["verdict"]!.GetValue<string>() != "no").Select(match => match.DeepClone())]);
        await route.FulfillAsync(new() { ContentType = "text/event-stream", Body = $"data: {view.ToJsonString()}\n\n" });
    }

    private Task AnswerAsync(IRoute route, byte[] picture)
    {
        var path = new Uri(route.Request.Url).AbsolutePath;
        if (path.Contains("/photos/", StringComparison.Ordinal))
        {
            return route.FulfillAsync(new() { ContentType = "image/jpeg", BodyBytes = picture });
        }

        Requests++;
        if (path.EndsWith("/retry", StringComparison.Ordinal))
        {
            Retries++;
            _skipped.RemoveAll(skipped => skipped["canRetry"]!.GetValue<bool>());
            return route.FulfillAsync(new() { Status = 202, Json = new { id = Id } });
        }

        if (path.EndsWith("/judgements", StringComparison.Ordinal))
        {
            return JudgeAsync(route);
        }

        return route.FulfillAsync(new() { Json = JsonSerializer.SerializeToElement(View("finished")) });
    }

    private Task JudgeAsync(IRoute route)
    {
        if (Failures-- > 0)
        {
            return route.FulfillAsync(new() { Status = 503, Json = new { type = "busy", title = "The store does not answer.", detail = "Try again in a moment." } });
        }

        foreach (var judgement in JsonNode.Parse(route.Request.PostData!)!["judgements"]!.AsArray())
        {
            var isMe = judgement!["isMe"]?.GetValue<bool>();
            Said.Add($"{judgement["photo"]}={isMe}");
            var match = _matches[judgement["photo"]!.GetValue<string>()];
            if (isMe is { } said)
            {
                match["judgement"] = said ? "me" : "notMe";
            }
            else
            {
                match.Remove("judgement");
            }
        }

        return route.FulfillAsync(new() { Status = 204 });
    }

    private JsonObject View(string status)
    {
        var isOther = _matches.Values.ToLookup(match => match["judgement"]?.GetValue<string>() == "notMe");
        return new JsonObject
        {
            ["id"] = Id,
            ["source"] = "album",
            ["query"] = "Talk",
            ["createdAt"] = "2026-11-01T00:00:00Z",
            ["status"] = status,
            ["posts"] = _matches.Count,
            ["photos"] = new JsonObject { ["found"] = _matches.Count + _skipped.Count, ["compared"] = _matches.Count, ["skipped"] = _skipped.Count },
            ["albumMargin"] = status == "finished" ? AlbumMargin : 0,
            ["matches"] = new JsonArray([.. isOther[false].Select(match => match.DeepClone())]),
            ["judged"] = new JsonArray([.. isOther[true].Select(match => match.DeepClone())]),
            ["skipped"] = new JsonArray([.. _skipped.Select(skipped => skipped.DeepClone())]),
            ["groups"] = new JsonArray(),
            ["terms"] = new JsonObject(),
            ["cost"] = 0,
            ["notices"] = new JsonArray(),
            ["canContinue"] = true,
        };
    }
}
