using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Fuzzing;

/// <summary>Messages and state documents as the apps write them.</summary>
internal static class SampleDocuments
{
    public const string SearchRequest =
        """{"data":{"schema":1,"searchId":"0f","batch":2,"kind":"release-batch","lastTry":true},"datacontenttype":"application/json","id":"0f/batch/2/last","pubsubname":"pubsub","source":"findme-api","specversion":"1.0","topic":"search_request","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","type":"com.dapr.event.sent"}""";

    public const string ListPage = """{"id":"0f/page/3/1","topic":"search_request","data":{"kind":"list-page","schema":1,"searchId":"0f","page":3,"generation":1}}""";

    public const string TweetImage =
        """{"data":{"schema":1,"searchId":"0f","listing":1,"index":7,"firstBatch":0,"photo":{"album":"talk","path":"day/photo.jpg"},"lastTry":false},"id":"0f/photo/1/7","topic":"tweet_image","traceid":"","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}""";

    public const string Search =
        """{"schema":1,"id":"0f","person":"aa","source":"album","query":"talk","createdAt":"2026-11-01T10:00:00+00:00","expiresAt":"2026-12-01T10:00:00+00:00","stage":"listed","requested":true,"references":["r1","r2"],"pages":[{"listing":1,"photos":64,"firstBatch":0},{"listing":2,"photos":3,"firstBatch":4}],"listings":2,"next":"64","posts":67,"problem":{"type":"album-gone","title":"Gone.","detail":"Choose another."},"later":[1,{"x":null}]}""";

    public const string Batch =
        """{"schema":1,"photos":[{"index":0,"id":"a.jpg","post":{"id":"a.jpg"},"locator":{"album":"talk","path":"a.jpg"},"verdict":{"kind":"match","order":1,"box":{"x":1,"y":2.5,"width":30,"height":40},"width":640,"height":480,"distance":0.7,"confidence":0.9}},{"index":2,"id":"b.jpg","post":{"id":"b.jpg","url":"https://example.org/b"},"locator":{"album":"talk","path":"b.jpg"},"retryAt":"2026-11-01T10:00:00+00:00"}],"sentAt":"2026-11-01T10:00:00+00:00"}""";

    public const string Person =
        """{"schema":1,"consentVersion":"2026-11","consentAt":"2026-11-01T10:00:00+00:00","leaving":false,"references":[{"id":"r1","recipe":"x","box":{"x":1,"y":2,"width":3,"height":4},"width":640,"height":480,"quality":0.8,"warnings":["dark"],"createdAt":"2026-11-01T10:00:00+00:00","expiresAt":"2026-12-01T10:00:00+00:00"}],"searches":["0f"]}""";

    /// <summary>A message that is taken lacks nothing that its handler needs.</summary>
    public static void AssertWhole(TweetImage message)
    {
        Assert.NotNull(message.SearchId);
        Assert.NotNull(message.Photo);
        Assert.NotEmpty(message.EventId());
    }
}
