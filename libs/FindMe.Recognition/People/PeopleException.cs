namespace FindMe.Recognition;

/// <summary>People cannot be learnt from a folder, or a file of people cannot be used; the message is one sentence that says what to do.</summary>
public sealed class PeopleException : Exception
{
    /// <summary>Says what is wrong.</summary>
    /// <param name="message">One sentence.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public PeopleException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
