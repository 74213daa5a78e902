using System.Net.Http.Json;
using System.Text.RegularExpressions;
using FindMe.Apps.Tests.Api;
using FindMe.Local;
using FindMe.DemoNetworks;

namespace FindMe.Apps.Tests.Hosting;

public sealed class TracingTests
{
    [Fact]
    public async Task One_trace_leads_from_the_pages_request_through_both_topics_to_the_verdict_and_no_metric_names_a_person()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var folder = new TemporaryFolder();
        var settings = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["Telemetry__DollarsPerHour"] = "0.1",
        };
        string album = folder.AlbumOfDemoPhotos("conference-of-gophers", 1, maxSide: 640), broken = Path.Combine(album, "broken.jpg");
        await File.WriteAllTextAsync(broken, "no picture", TestContext.Current.CancellationToken);
        string search, trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        await using (var system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = folder.Folder("data"), Albums = [album], Settings = settings },
            TestContext.Current.CancellationToken))
        {
            using var ada = new Visitor(system.Page);
            await ada.ShowDemoFaceAsync();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/searches")
            {
                Content = JsonContent.Create(new { source = "album", query = "conference-of-gophers" }),
            };
            request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
            using var answer = await ada.Http.SendAsync(request, TestContext.Current.CancellationToken);
            using (var health = await ada.Http.GetAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken))
            {
                health.EnsureSuccessStatusCode();
            }

            search = (await answer.Content.ReadFromJsonAsync<Begun>(TestContext.Current.CancellationToken))!.Id;
            await ada.UntilEndedAsync(search);

            // The measurements are sent twice a second; what is left comes when the apps end.
            await Task.Delay(1_000, TestContext.Current.CancellationToken);
        }

        var spans = collector.Spans.Where(span => span.Trace == trace).ToList();
        Assert.Contains(spans, span => span is { Service: "findme-api", Name: "POST /api/searches" });
        Assert.Contains(spans, span => span is { Service: "findme-api", Name: "publish search_request" });
        Assert.Contains(spans, span => span is { Service: "findme-collect", Name: "process search_request" });
        Assert.Contains(spans, span => span is { Service: "findme-collect", Name: "publish tweet_image" });
        var verdicts = spans.Where(span => span is { Service: "findme-compare", Name: "process tweet_image" }).ToList();
        Assert.Equal(2, verdicts.Count);
        Assert.All(verdicts, span => Assert.Contains("findme.verdict", span.Text, StringComparison.Ordinal));

        // Probes come every few seconds and say nothing of a search.
        Assert.DoesNotContain(collector.Spans, span => span.Text.Contains("healthz", StringComparison.Ordinal));

        foreach (var name in (string[])["findme.event.age", "findme.event.handling", "findme.photos", "findme.photo.stage", "findme.replica.cost"])
        {
            Assert.Contains(name, collector.Metrics, StringComparison.Ordinal);
        }

        foreach (var word in (string[])["fetch", "decode", "detect", "landmarks", "embed", "photo-notanimage", "tweet_image"])
        {
            Assert.Contains(word, collector.Metrics, StringComparison.Ordinal);
        }

        // A state key names a person in its 32 digits; a search's id does no harm in a trace, but a label would have a value for each.
        Assert.DoesNotContain(search, collector.Metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("gophers", collector.Metrics, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("person(/|%2F)[0-9a-f]{32}"), collector.Text);
    }

    [Fact]
    public async Task No_trace_holds_what_a_person_searches_or_who_they_are_on_a_network()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var networks = await NetworkBench.StartAsync(new Scenario { MastodonPosts = Scenario.Posts(4) });
        using var folder = new TemporaryFolder();
        var settings = new Dictionary<string, string>(networks.Settings)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        };
        await using (var system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = folder.Folder("data"), Albums = [], Settings = settings }, TestContext.Current.CancellationToken))
        {
            using var ada = new Visitor(system.Page);
            await ada.ShowDemoFaceAsync();
            await ada.SignInAsync("mastodon", networks.Mastodon.Host, "ben");
            foreach (var source in new[] { "mastodon", "x", "bluesky" })
            {
                await ada.UntilEndedAsync(await ada.SearchAsync(NetworkedFindMe.Wish(source, "secretgophers")));
            }
        }

        // The networks were asked, and yet none of it is told: neither the words nor the way back from signing in, whose query holds a code.
        Assert.NotEmpty(networks.Mastodon.Calls.All);
        Assert.Contains(collector.Spans, span => span.Text.Contains(networks.Mastodon.Host, StringComparison.Ordinal));
        Assert.DoesNotContain(collector.Spans, span => span.Text.Contains("secretgophers", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(collector.Spans, span => span.Text.Contains("code=", StringComparison.Ordinal) || span.Text.Contains("state=", StringComparison.Ordinal));
        Assert.All(networks.Secrets, secret => Assert.DoesNotContain(secret, collector.Text, StringComparison.Ordinal));
    }

    private sealed record Begun(string Id);
}
