namespace FindMe.Faces;

/// <summary>A model file is missing, broken, or not the model it is named for; the message names it and says what to do.</summary>
public sealed class ModelException : Exception
{
    /// <summary>Says which file, and what to do.</summary>
    /// <param name="message">One sentence.</param>
    /// <param name="innerException">What ONNX Runtime said, if it did.</param>
    public ModelException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
