using System.Net;
using System.Text.Json;
using FindMe.Networks;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Reads what the servers of networks answer: a post of another shape is left out, and none brings the search down.</summary>
internal static class NetworkParsers
{
    public const string MastodonSample =
        """[{"id":"1","uri":"https://a.example/users/ada/statuses/1","url":"https://a.example/@ada/1","created_at":"2026-11-01T10:00:00Z","visibility":"public","language":"en","sensitive":false,"account":{"acct":"ada","indexable":true,"noindex":false,"note":"<p>Hello</p>"},"media_attachments":[{"type":"image","url":"https://a.example/1.jpg","preview_url":"https://a.example/1s.jpg","remote_url":null,"description":"us"},{"type":"video","preview_url":"https://a.example/2.jpg"}]}]""";

    public const string BlueskySample =
        """{"cursor":"c","posts":[{"uri":"at://did:plc:a/app.bsky.feed.post/3k","indexedAt":"2026-11-01T10:00:00Z","author":{"did":"did:plc:a","handle":"ada.example","labels":[{"val":"porn","neg":true}]},"record":{"embed":{"$type":"app.bsky.embed.images","images":[{"alt":"us","image":{"ref":{"$link":"bafy"}}}]}},"embed":{"$type":"app.bsky.embed.images#view","images":[{"fullsize":"https://cdn.example/1","thumb":"https://cdn.example/1s","alt":"us"}]},"labels":[]},{"uri":"at://did:plc:b/app.bsky.feed.post/3l","author":{"did":"did:plc:b","handle":"handle.invalid"},"embed":{"$type":"app.bsky.embed.recordWithMedia#view","media":{"$type":"app.bsky.embed.video#view","thumbnail":"https://cdn.example/v"}}}]}""";

    public const string XSample =
        """{"data":[{"id":"1985","created_at":"2026-11-20T14:03:11.000Z","possibly_sensitive":false,"attachments":{"media_keys":["3_1","13_2"]}}],"includes":{"media":[{"media_key":"3_1","type":"photo","url":"https://pbs.example/1.jpg","alt_text":"us"},{"media_key":"13_2","type":"video","preview_image_url":"https://pbs.example/2.jpg"}]},"meta":{"newest_id":"1985","next_token":"b26v"},"errors":[{"title":"Not Found Error"}]}""";

    private static readonly Uri Server = new("https://bsky.example");

    public static void ReadMastodon(byte[] body)
    {
        if (MastodonPosts.TryRead<List<JsonElement>>(body) is { } elements)
        {
            _ = MastodonPosts.Read(elements.Select(MastodonPosts.TryRead).OfType<MastodonStatus>(), new SearchTerms { Language = "en", Since = DateTimeOffset.UnixEpoch });
        }
    }

    public static void ReadX(byte[] body)
    {
        foreach (var status in new[] { HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.Forbidden })
        {
            _ = XAnswers.ProblemOf(AnswerOf(status, body));
        }

        if (XPosts.TryRead(AnswerOf(HttpStatusCode.OK, body)) is { } page)
        {
            _ = XPosts.Photos(page);
        }
    }

    public static void ReadBluesky(byte[] body)
    {
        _ = BlueskyPosts.ErrorOf(body);
        if (BlueskyPosts.TryRead(body) is { } page)
        {
            _ = BlueskyPosts.Photos(page.Posts, Server, isAnonymous: true);
        }
    }

    private static FetchedAnswer AnswerOf(HttpStatusCode status, byte[] body)
    {
        using var headers = new HttpResponseMessage();
        return new FetchedAnswer(Server, status, headers.Headers, body);
    }
}
