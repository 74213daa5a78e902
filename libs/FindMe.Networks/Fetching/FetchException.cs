namespace FindMe.Networks;

/// <summary>Why a fetch failed.</summary>
public enum FetchProblem
{
    /// <summary>The address is none of http or https, has no host or one that no name server knows, or holds a user's name.</summary>
    BadAddress,

    /// <summary>The host has no public address: it is this machine or a network of its own. Never tried again.</summary>
    ForbiddenAddress,

    /// <summary>More redirects than allowed, one from https to http, or one that leads nowhere.</summary>
    BadRedirect,

    /// <summary>The answer is larger than asked for, after decompression, or its headers are.</summary>
    TooLarge,

    /// <summary>It took too long. May be tried later.</summary>
    TimedOut,

    /// <summary>No answer: no such host, connection refused or broken, no valid certificate. May be tried later.</summary>
    Unreachable,
}

/// <summary>A fetch brought no answer that can be used.</summary>
/// <param name="problem">What is wrong.</param>
/// <param name="message">One sentence for a person, without the address.</param>
/// <param name="innerException">The cause; null: none.</param>
public sealed class FetchException(FetchProblem problem, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What is wrong.</summary>
    public FetchProblem Problem { get; } = problem;

    /// <summary>Whether trying later may help.</summary>
    public bool IsTransient => Problem is FetchProblem.TimedOut or FetchProblem.Unreachable;
}
