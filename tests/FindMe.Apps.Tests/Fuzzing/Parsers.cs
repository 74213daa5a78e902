using System.Text;
using System.Text.Json;
using FindMe.Api;
using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using FindMe.Recognition;
using LocalDapr;
using Microsoft.AspNetCore.Http;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Everything that reads what others wrote. A new parser is one line in <see cref="All"/>.</summary>
internal static class Parsers
{
    private static readonly string Samples = Path.Combine(Checkouts.Root, "tests", "FindMe.Apps.Tests", "Fuzzing", "Samples");

    public static IReadOnlyList<Parser> All { get; } =
    [
        OfText("search-request", ReadEvent<SearchRequest>(request => _ = request.EventId().Length), [SampleDocuments.SearchRequest, SampleDocuments.ListPage], typeof(NewerSchemaException)),
        OfText("tweet-image", ReadEvent<TweetImage>(SampleDocuments.AssertWhole), [SampleDocuments.TweetImage], typeof(NewerSchemaException)),
        OfText("search-state", text => ReadState<Search>(text), [SampleDocuments.Search], typeof(JsonException), typeof(NewerSchemaException)),
        OfText("batch-state", text => ReadState<PhotoBatch>(text), [SampleDocuments.Batch], typeof(JsonException), typeof(NewerSchemaException)),
        OfText("person-state", text => ReadState<Person>(text), [SampleDocuments.Person], typeof(JsonException), typeof(NewerSchemaException)),
        OfText("event-cursor", ReadCursor, ["0a0b0c", "", "20202020200000ff"]),
        OfText("album-path", AlbumParser.Read, ["day/photo.jpg", "photo.jpg", "day/../photo.jpg", "day/./../day/photo.jpg"], typeof(PhotoUnavailableException)) with { Cost = 2 },
        OfText("sidecar-envelope", SidecarParsers.ReadEnvelope, [SampleDocuments.TweetImage, SampleDocuments.SearchRequest], typeof(JsonException)),
        OfText("go-duration", text => GoDuration.TryParse(text, out _), ["300ms", "1m30s", "-1.5h", "1h2m3s4ms5us6ns", "0"]),
        OfText("run-file", SidecarParsers.ReadRunFile, [File.ReadAllText(Path.Combine(Checkouts.Root, "dapr.yaml"))], typeof(SidecarConfigurationException)) with { Cost = 10 },
        OfText("mastodon-posts", NetworkParsers.ReadMastodon, [NetworkParsers.MastodonSample]),
        OfText("bluesky-posts", NetworkParsers.ReadBluesky, [NetworkParsers.BlueskySample]),
        OfText("x-posts", NetworkParsers.ReadX, [NetworkParsers.XSample, """{"errors":[null],"title":"Invalid Request"}"""]),
        OfText("face-vectors", RecognitionParsers.ReadVectors, RecognitionParsers.VectorSamples, typeof(FaceVectorsException)),
        new("people", [RecognitionParsers.PeopleSample], RecognitionParsers.ReadPeople, typeof(PeopleException)) { Cost = 10 },
        new("zip", [ZipParser.Sample()], ZipParser.Read, typeof(ZipRefusedException)) { Cost = 20 },
        new("photo", [.. Directory.GetFiles(Samples).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)], ReadPhoto, typeof(PhotoException)) { Cost = 10 },
    ];

    private static Parser OfText(string name, Action<byte[]> read, string[] samples, params Type[] refusals) =>
        new(name, [.. samples.Select(Encoding.UTF8.GetBytes)], read, refusals);

    private static Parser OfText(string name, Action<string> read, string[] samples, params Type[] refusals) =>
        OfText(name, (byte[] bytes) => read(Encoding.UTF8.GetString(bytes)), samples, refusals);

    private static Action<byte[]> ReadEvent<T>(Action<T> check) => body =>
    {
        var context = new DefaultHttpContext();
        context.Request.Body = new MemoryStream(body);
        if (ReceivedEvent<T>.BindAsync(context).AsTask().GetAwaiter().GetResult().Data is { } message)
        {
            check(message);
        }
    };

    // What an app writes back it can read again, and nothing that it did not know is lost on the way.
    private static void ReadState<T>(byte[] json)
        where T : Document
    {
        if (JsonSerializer.Deserialize<T>(json, PipelineJson.Options) is { } document)
        {
            var written = JsonSerializer.SerializeToUtf8Bytes(document, PipelineJson.Options);
            var again = JsonSerializer.Deserialize<T>(written, PipelineJson.Options)!;
            Assert.Equal(document.Unknown?.Count ?? 0, again.Unknown?.Count ?? 0);
        }
    }

    private static void ReadCursor(string text)
    {
        var cursor = EventCursor.Parse(text);
        for (var batch = 0; batch < 100; batch++)
        {
            Assert.InRange(cursor.Of(batch), 0, 255);
        }
    }

    private static void ReadPhoto(byte[] photo) => Assert.Equal([0xff, 0xd8], PhotoRendering.ToJpeg(photo, maxSide: 64)[..2]);
}
