namespace FindMe.Pipeline;

/// <summary>Names shared by the apps, <c>dapr.yaml</c>, <c>components/</c> and the infrastructure.</summary>
public static class Topics
{
    /// <summary>The Dapr pub/sub component.</summary>
    public const string PubSub = "pubsub";

    /// <summary>A step of a search: <see cref="Pipeline.SearchRequest"/>, published by Api, Collect and Compare, handled by Collect.</summary>
    public const string SearchRequest = "search_request";

    /// <summary>One photo to compare: <see cref="Pipeline.TweetImage"/>, published by Collect, handled by Compare.</summary>
    public const string TweetImage = "tweet_image";

    /// <summary>The dead letters of <see cref="SearchRequest"/>; Collect schedules a last retry, then fails the search with a problem.</summary>
    public const string SearchRequestDead = "search_request_dead";

    /// <summary>The dead letters of <see cref="TweetImage"/>; Collect schedules a last retry, then settles the photo as skipped.</summary>
    public const string TweetImageDead = "tweet_image_dead";
}
