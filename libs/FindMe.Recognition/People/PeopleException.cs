namespace FindMe.Recognition;

/// <summary>Training on a folder failed, or a people file cannot be used. The message is one sentence that also says what to do.</summary>
public sealed class PeopleException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong, and what to do, in one sentence.</param>
    /// <param name="innerException">The cause, if any.</param>
    public PeopleException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
