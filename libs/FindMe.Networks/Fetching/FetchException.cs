namespace FindMe.Networks;

/// <summary>Why a fetch failed.</summary>
public enum FetchProblem
{
    /// <summary>The address is not http or https, contains a user name, or its host is missing or unknown to DNS.</summary>
    BadAddress,

    /// <summary>The host has no public address: it is this machine or a private network. Never retried.</summary>
    ForbiddenAddress,

    /// <summary>More redirects than allowed, a redirect from https to http, or one without a valid target.</summary>
    BadRedirect,

    /// <summary>The response body after decompression, or the headers, exceed their limit.</summary>
    TooLarge,

    /// <summary>The fetch timed out; a retry may help.</summary>
    TimedOut,

    /// <summary>No response: connection refused or broken, or no valid certificate. A retry may help.</summary>
    Unreachable,
}

/// <summary>A fetch returned no usable response.</summary>
/// <param name="problem">What is wrong.</param>
/// <param name="message">One sentence for the person, without the address.</param>
/// <param name="innerException">The cause; null if none.</param>
public sealed class FetchException(FetchProblem problem, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What is wrong.</summary>
    public FetchProblem Problem { get; } = problem;

    /// <summary>Whether a retry may help.</summary>
    public bool IsTransient => Problem is FetchProblem.TimedOut or FetchProblem.Unreachable;
}
