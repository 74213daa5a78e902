namespace FindMe.Pipeline;

/// <summary>The names that the apps, <c>dapr.yaml</c>, <c>components/</c> and the infrastructure agree on.</summary>
public static class Topics
{
    /// <summary>The Dapr pub/sub component.</summary>
    public const string PubSub = "pubsub";

    /// <summary>A step of a search: <see cref="Pipeline.SearchRequest"/>, sent by Api, Collect and Compare, handled by Collect.</summary>
    public const string SearchRequest = "search_request";

    /// <summary>One photo to compare: <see cref="Pipeline.TweetImage"/>, sent by Collect, handled by Compare.</summary>
    public const string TweetImage = "tweet_image";

    /// <summary>Where a <see cref="SearchRequest"/> ends that failed every time; Collect then fails the search with a problem.</summary>
    public const string SearchRequestDead = "search_request_dead";

    /// <summary>Where a <see cref="TweetImage"/> ends that failed every time; Collect then settles the photo as skipped.</summary>
    public const string TweetImageDead = "tweet_image_dead";
}
