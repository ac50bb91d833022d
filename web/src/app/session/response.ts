import { parseRefusal } from '../wire/parse';

/** A request that failed. `code` is the server's, or `offline`; `status` is 0 where there was no answer. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The JSON of a request's answer; throws ApiError with a sentence for everything else. */
export async function readResponse(request: () => Promise<Response>): Promise<unknown> {
  const response = await answerOf(request);
  const body = await jsonOf(response);
  if (response.ok && body !== null) return body;
  throw refused(body, response);
}

/** A request's answer where it is a good one, its body unread; throws ApiError as `readResponse` does. */
export async function goodResponse(request: () => Promise<Response>): Promise<Response> {
  const response = await answerOf(request);
  if (!response.ok) throw refused(await jsonOf(response), response);
  return response;
}

async function answerOf(request: () => Promise<Response>): Promise<Response> {
  try {
    return await request();
  } catch {
    throw offline();
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** There was no answer, or not the whole of it. */
export function offline(): ApiError {
  return new ApiError(
    'offline',
    $localize`The server does not answer. Is it still running, and are you online?`,
    0,
  );
}

function refused(body: unknown, response: Response): ApiError {
  try {
    const { code, message } = parseRefusal(body);
    return new ApiError(code, message, response.status);
  } catch {
    return new ApiError(
      'unreadable',
      $localize`The server answered with ${response.status}, which this page does not understand.`,
      response.status,
    );
  }
}
