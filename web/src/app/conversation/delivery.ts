import { IconName } from '../shell/icon';
import { Message } from '../wire/views';

/** How far a message has come on its way out of here. */
export interface DeliveryWords {
  readonly icon: IconName;
  readonly text: string;
  /** What that means, where it needs saying; else empty. */
  readonly more: string;
  readonly state: 'local' | 'pending' | 'delivered' | 'failed' | 'uncertain';
}

/** The words for a message's delivery. */
export function deliveryWords({ delivery, deliveryNote }: Message): DeliveryWords {
  switch (delivery) {
    case 'pending':
      return { icon: 'clock', text: $localize`being delivered`, more: '', state: delivery };
    case 'delivered':
      return { icon: 'check', text: $localize`delivered`, more: '', state: delivery };
    case 'local':
      return { icon: 'check', text: $localize`kept here`, more: '', state: delivery };
    case 'failed':
      return failed(deliveryNote);
  }
}

function failed(note: string | null): DeliveryWords {
  switch (note) {
    case 'uncertain':
      return {
        icon: 'help',
        text: $localize`perhaps not delivered`,
        more: $localize`The connection broke off as it was sent. It was not sent again, so that it does not arrive twice.`,
        state: 'uncertain',
      };
    case 'refused':
      return {
        icon: 'warning',
        text: $localize`not delivered: it was refused`,
        more: '',
        state: 'failed',
      };
    case 'dropped':
      return {
        icon: 'warning',
        text: $localize`not delivered: given up by hand`,
        more: '',
        state: 'failed',
      };
    default:
      return { icon: 'warning', text: $localize`not delivered`, more: '', state: 'failed' };
  }
}
